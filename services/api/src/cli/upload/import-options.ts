import { readFile } from "node:fs/promises";
import { CliError, UsageError } from "../cli-error.ts";
import type { CommandOptions, OptionValues } from "../command.ts";
import { FILE_FORMATS } from "./source-file.ts";

/** Options of the commands that read a file of requests: how its rows become drafts. */
export const IMPORT_OPTIONS = {
  template: {
    type: "string",
    value: "FILE",
    multiple: true,
    help: "text of the drafts: `Subject: …`, an empty line, the message; .html for HTML, .json for {subject, message, html}",
  },
  subject: { type: "string", value: "TEXT", help: "the subject's template, in place of the file's" },
  map: { type: "string", value: "FIELD=COLUMN", multiple: true, help: "which column a field is in, such as to=Email" },
  default: {
    type: "string",
    value: "FIELD=VALUE",
    multiple: true,
    help: "a field of every row that has none of its own",
  },
  mailbox: { type: "string", value: "ADDRESS", help: "short for --default mailbox=ADDRESS" },
  name: { type: "string", value: "TEXT", help: "the same rows under another name are other drafts" },
  format: { type: "string", choices: FILE_FORMATS, help: "what the file is, when its name does not tell" },
} as const satisfies CommandOptions;

type Texts = Partial<Record<"subject" | "message" | "html", string>>;

/** The ImportOrder of POST /v1/imports. What is wrong with it the service says. */
export interface ImportOrderBody {
  readonly name?: string;
  readonly template?: Texts;
  readonly map?: Readonly<Record<string, string>>;
  readonly defaults?: Readonly<Record<string, string>>;
}

export async function importOrderOf(options: OptionValues<typeof IMPORT_OPTIONS>): Promise<ImportOrderBody> {
  const { subject, name, mailbox } = options;
  let template: Texts = {};
  for (const path of options.template) template = { ...template, ...(await textsIn(path)) };
  if (subject !== undefined) template = { ...template, subject };
  const map = pairs("map", options.map);
  const defaults = { ...pairs("default", options.default), ...(mailbox === undefined ? {} : { mailbox }) };
  return {
    ...(name === undefined ? {} : { name }),
    ...(Object.keys(template).length === 0 ? {} : { template }),
    ...(Object.keys(map).length === 0 ? {} : { map }),
    ...(Object.keys(defaults).length === 0 ? {} : { defaults }),
  };
}

/** `a=b`, once for each name. */
export function pairs(option: string, given: readonly string[]): Record<string, string> {
  const found = new Map<string, string>();
  for (const text of given) {
    const at = text.indexOf("=");
    if (at < 1 || at === text.length - 1)
      throw new UsageError(`--${option} is NAME=VALUE, and not ${JSON.stringify(text)}`);
    const name = text.slice(0, at);
    if (found.has(name)) throw new UsageError(`--${option} names ${JSON.stringify(name)} twice`);
    found.set(name, text.slice(at + 1));
  }
  return Object.fromEntries(found);
}

/** Of the first line of a template, if a blank one follows it. */
const SUBJECT = "Subject:";

async function textsIn(path: string): Promise<Texts> {
  const text = (
    await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new CliError(`the template cannot be read: ${error.message}`);
    })
  ).replace(/^\ufeff/, "");
  if (/\.json$/i.test(path)) return parsed(path, text);
  const body = /\.html?$/i.test(path) ? "html" : "message";
  const blank = /\r?\n\r?\n/.exec(text);
  const subject = text.slice(SUBJECT.length, blank?.index);
  if (blank === null || !text.startsWith(SUBJECT) || subject.includes("\n")) return { [body]: text };
  return { subject: subject.trim(), [body]: text.slice(blank.index + blank[0].length) };
}

function parsed(path: string, text: string): Texts {
  try {
    return JSON.parse(text);
  } catch {
    throw new CliError(`${path} is not JSON`);
  }
}
