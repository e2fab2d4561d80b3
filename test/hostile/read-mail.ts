import PostalMime, { type Address } from "postal-mime";
import { takeApart } from "./thunderbird-parser.ts";

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
  readonly attachments: number;
}

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
    attachments: mail.attachments.length,
  };
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
  const bodies = Map.groupBy(parts, (part) => (part.headers.get("content-type") as { readonly type: string }).type);
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
    attachments: parts.length - 2,
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Line ends as a body has them, without the one that the parts' boundary brings along. */
function lines(text: string | null | undefined): string {
  return (text ?? "").replaceAll("\r\n", "\n").replace(/\n$/, "");
}
