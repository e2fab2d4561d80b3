import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { text as textOf } from "node:stream/consumers";
import type { DraftView } from "../../draft-view.ts";
import { CliError, orGoOn, UsageError } from "../cli-error.ts";
import type { Client } from "../client.ts";
import { type Command, type CommandOptions, defineCommand, type OptionValues } from "../command.ts";
import { draftText } from "../draft-text.ts";
import { jsonLine, plainText } from "../plain-text.ts";
import { ServiceProblem } from "../service-problem.ts";
import { settledDraft } from "../settled-draft.ts";
import type { Terminal } from "../terminal.ts";
import { pairs } from "../upload/import-options.ts";

const OPTIONS = {
  to: { type: "string", value: "ADDRESS", multiple: true, help: "who gets it" },
  cc: { type: "string", value: "ADDRESS", multiple: true, help: "who gets a copy" },
  bcc: { type: "string", value: "ADDRESS", multiple: true, help: "who gets a copy unseen" },
  subject: { type: "string", value: "TEXT", help: "one line" },
  message: { type: "string", value: "TEXT", help: "the text; - reads it from stdin" },
  html: { type: "string", value: "HTML", help: "the HTML; - reads it from stdin" },
  mailbox: { type: "string", value: "ADDRESS", help: "whose mailbox; the service's own default unless given" },
  from: { type: "string", value: "ADDRESS", help: "the sender, when not the mailbox as it is" },
  "reply-to": { type: "string", value: "ADDRESS", multiple: true, help: "where answers go" },
  attach: { type: "string", value: "FILE", multiple: true, help: "a file to go with it" },
  metadata: { type: "string", value: "NAME=TEXT", multiple: true, help: "a label for the record" },
  "dedupe-key": { type: "string", value: "KEY", help: "one draft for one key and mailbox, for 30 days" },
  "not-before": { type: "string", value: "TIME", help: "not made before it, such as 2030-01-02T08:00:00+01:00" },
  key: { type: "string", value: "KEY", help: "the Idempotency-Key: the same call again is the same draft" },
  wait: { type: "boolean", help: "stay until the draft is made, and print its id" },
} as const satisfies CommandOptions;

export const draft: Command = defineCommand({
  name: "draft",
  summary: "Make one draft",
  positionals: [],
  options: OPTIONS,
  examples: [
    {
      line: "draftmill draft --to ada@example.com --subject Hello --message 'Dear Ada, …' --wait",
      tells: "make a draft and wait for it",
    },
    {
      line: "draftmill draft --to ada@example.com --subject Offer --html - --attach offer.pdf --mailbox rep@example.com < offer.html",
      tells: "HTML from a file, with an attachment, in somebody's mailbox",
    },
  ],
  async run({ options, json, line, client }, terminal) {
    const { stdout, stderr } = terminal;
    const key = options.key ?? randomUUID();
    const body = await bodyOf(options, terminal);
    const again = options.key === undefined ? `${line} --key ${key}` : line;
    const queued = await orGoOn(
      () => `whether it was queued is not known; to be sure, without a second draft: ${again}`,
      () => queue(client, body, key, again),
    );
    if (!options.wait) {
      await stdout.write(json ? jsonLine(queued) : `${plainText(queued.id)}\n`);
      await stderr.write(`Queued. Next: draftmill show ${plainText(queued.id)} --wait\n`);
      return 0;
    }
    const record = await orGoOn(
      () => `it is queued; to ask: draftmill show ${queued.id} --wait`,
      () => settledDraft(client, queued.id, terminal),
    );
    return tellDraft(record, json, terminal);
  },
});

interface Queued {
  readonly id: string;
  readonly status: string;
}

async function queue(client: Client, body: object, key: string, again: string): Promise<Queued> {
  try {
    return await client.call<Queued>({
      operation: "queueDraft",
      key,
      json: body,
      headers: { prefer: "respond-async" },
    });
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const isUnknown =
      error instanceof ServiceProblem ? error.problem.code === "PUBLISH_UNCONFIRMED" : error.next === null;
    if (isUnknown) throw new CliError(error.message, { next: again }, { cause: error });
    throw error;
  }
}

export const show: Command = defineCommand({
  name: "show",
  summary: "Tell what became of a draft request",
  positionals: [{ name: "ID", help: "of the request" }],
  options: { wait: { type: "boolean", help: "stay until it has ended" } },
  examples: [{ line: "draftmill show crm-4711 --wait", tells: "whether the draft was made, and if not, why" }],
  async run({ options, positionals: [id = ""], json, client }, terminal) {
    const record = options.wait
      ? await settledDraft(client, id, terminal)
      : await client.call<DraftView>({ operation: "getDraft", id });
    return tellDraft(record, json, terminal);
  },
});

async function tellDraft(record: DraftView, json: boolean, { stdout, stderr }: Terminal): Promise<0 | 1> {
  await stdout.write(json ? jsonLine(record) : draftText(record));
  const isFailure = record.problem !== null && record.status !== "created";
  if (isFailure && record.problem?.remedy) await stderr.write(`Next: ${plainText(draftNext(record))}\n`);
  return isFailure || record.status === "canceled" ? 1 : 0;
}

function draftNext({ problem }: DraftView): string {
  return `${problem?.remedy ?? ""}, then: draftmill replay --filter code=${problem?.code}`;
}

async function bodyOf(options: OptionValues<typeof OPTIONS>, terminal: Terminal): Promise<object> {
  const { to, cc, bcc, subject, mailbox, from, attach } = options;
  if (to.length === 0) throw new UsageError("draft needs --to", "draftmill draft --help");
  if (subject === undefined) throw new UsageError("draft needs --subject", "draftmill draft --help");
  if (options.message === undefined && options.html === undefined)
    throw new UsageError("draft needs --message or --html", "draftmill draft --help");
  if (options.message === "-" && options.html === "-") throw new UsageError("only one of them can come from stdin");
  const read = (given: string | undefined) => (given === "-" ? textOf(terminal.stdin) : given);
  const [message, html] = await Promise.all([read(options.message), read(options.html)]);
  const metadata = pairs("metadata", options.metadata);
  return {
    to,
    subject,
    ...given({ message, html, mailbox, from, dedupeKey: options["dedupe-key"], notBefore: options["not-before"] }),
    ...some({ cc, bcc, replyTo: options["reply-to"], attachments: await Promise.all(attach.map(attachmentOf)) }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}

function given(fields: Readonly<Record<string, string | undefined>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function some(fields: Readonly<Record<string, readonly unknown[]>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, values]) => values.length > 0));
}

const TYPES: Readonly<Record<string, string>> = {
  pdf: "application/pdf",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  csv: "text/csv",
  txt: "text/plain",
  html: "text/html",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  ics: "text/calendar",
  zip: "application/zip",
};

async function attachmentOf(path: string): Promise<object> {
  const content = await readFile(path, "base64").catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`the attachment cannot be read: ${error.message}`);
  });
  const ending = /\.([^.]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  return { filename: basename(path), contentType: TYPES[ending] ?? "application/octet-stream", content };
}
