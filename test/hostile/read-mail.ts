import PostalMime, { type Address } from "postal-mime";
import { type MailPart, takeApart } from "./thunderbird-parser.ts";

export interface Person {
  readonly name: string;
  readonly address: string;
}

/** What a mail says to whoever reads it. */
export interface ReadMail {
  readonly from: readonly Person[];
  readonly to: readonly Person[];
  readonly cc: readonly Person[];
  readonly bcc: readonly Person[];
  readonly replyTo: readonly Person[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Of the mail itself, not of its parts; in lower case and sorted. */
  readonly headerNames: readonly string[];
  /** As its header has them, with single spaces. */
  readonly inReplyTo: string;
  readonly references: string;
  readonly attachments: readonly ReadFile[];
}

export interface ReadFile {
  readonly name: string;
  /** In lower case, without parameters. */
  readonly type: string;
  /** Base64, so that a difference is readable; null where the reader does not give the bytes. */
  readonly content: string | null;
}

/** Of these postal-mime gives the text with line ends of its own. */
const CALENDARS: readonly string[] = ["text/calendar", "application/ics"];

/** The mail as two programs read it that share nothing with each other or with what composed it. */
export async function readTwice(mime: Uint8Array): Promise<Readonly<Record<"postal-mime" | "thunderbird", ReadMail>>> {
  return { "postal-mime": await readWithPostal(mime), thunderbird: readWithThunderbird(mime) };
}

async function readWithPostal(mime: Uint8Array): Promise<ReadMail> {
  const mail = await PostalMime.parse(mime);
  const people = (list: readonly Address[] | undefined): Person[] =>
    (list ?? []).map(({ name, address }) => ({ name, address: address ?? "a group" }));
  return {
    from: people(mail.from === undefined ? [] : [mail.from]),
    to: people(mail.to),
    cc: people(mail.cc),
    bcc: people(mail.bcc),
    replyTo: people(mail.replyTo),
    subject: mail.subject ?? "",
    text: lines(mail.text),
    html: lines(mail.html),
    headerNames: mail.headers.map(({ key }) => key).toSorted(),
    inReplyTo: mail.inReplyTo ?? "",
    references: mail.references ?? "",
    attachments: mail.attachments.map(({ filename, mimeType, content }) => ({
      name: filename ?? "",
      type: mimeType,
      content: CALENDARS.includes(mimeType) ? null : bytesOf(content).toString("base64"),
    })),
  };
}

function bytesOf(content: ArrayBuffer | Uint8Array | string): Buffer {
  if (typeof content === "string") return Buffer.from(content);
  return content instanceof Uint8Array ? Buffer.from(content) : Buffer.from(new Uint8Array(content));
}

function readWithThunderbird(mime: Uint8Array): ReadMail {
  const [root, ...parts] = takeApart(mime);
  if (root === undefined) throw new Error("no mail at all");
  const { headers } = root;
  const people = (name: string): Person[] =>
    ((headers.get(name) ?? []) as readonly { readonly name: string; readonly email?: string }[]).map((person) => ({
      name: person.name,
      // It shows a local part in quotes that needs none, for a "!" for example: the same address.
      address: person.email?.replace(/^"([\w!#$%&'*+./=?^`{|}~-]+)"@/, "$1@") ?? "a group",
    }));
  const typeOf = (part: MailPart): string => (part.headers.get("content-type") as { readonly type: string }).type;
  const leaves = parts.filter((part) => !typeOf(part).startsWith("multipart/"));
  const files = leaves.filter(({ disposition }) => disposition?.kind === "attachment");
  const bodies = Map.groupBy(
    leaves.filter((part) => !files.includes(part)),
    typeOf,
  );
  const textOf = (type: string): string =>
    lines((bodies.get(type) ?? []).map(({ body }) => utf8.decode(body)).join("\n"));
  return {
    from: people("from"),
    to: people("to"),
    cc: people("cc"),
    bcc: people("bcc"),
    replyTo: people("reply-to"),
    subject: String(headers.get("subject")),
    text: textOf("text/plain"),
    html: textOf("text/html"),
    headerNames: [...headers.keys()]
      .flatMap((name) => (headers.getRawHeader(name) ?? []).map(() => name.toLowerCase()))
      .toSorted(),
    inReplyTo: String(headers.get("in-reply-to") ?? ""),
    references: String(headers.get("references") ?? ""),
    // What is neither a text nor the HTML counts as one, whatever it says of itself.
    attachments: [...files, ...[...bodies.values()].flatMap((same) => same.slice(1))].map((part) => ({
      name: part.disposition?.filename ?? "",
      type: typeOf(part),
      content: part.body.toString("base64"),
    })),
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Line ends as a body has them, without the one that the parts' boundary brings along. */
function lines(text: string | null | undefined): string {
  return (text ?? "").replaceAll("\r\n", "\n").replace(/\n$/, "");
}
