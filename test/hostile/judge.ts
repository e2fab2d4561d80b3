import assert from "node:assert/strict";
import type { FieldProblem } from "@draftmill/shared/errors.ts";
import emailAddresses from "email-addresses";
import type { AskedFile } from "./hostile-file.ts";
import { type AskedList, type AskedMail, LIST_FIELDS } from "./hostile-request.ts";
import { type Person, type ReadFile, type ReadMail, readTwice } from "./read-mail.ts";

/** All that a draft's header may hold; each field once. */
const ALWAYS = ["content-type", "date", "from", "message-id", "mime-version", "subject", "to", "x-draftmill-id"];
const HEADER_OF = { cc: "cc", bcc: "bcc", replyTo: "reply-to" } as const;
const LINE_MAX = 998;

// biome-ignore lint/suspicious/noControlCharactersInRegex: what no header may hold
const NOT_IN_HEADERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** Fails unless the mail says what was asked for, to two programs that read it, and nothing else but fields `addedUnderway`. */
export async function assertAsAsked(
  mime: Uint8Array,
  asked: AskedMail,
  mailbox: string,
  addedUnderway: readonly string[] = [],
): Promise<void> {
  assertLines(mime, asked.files.length);
  const { lists, texts, from, files } = asked;
  const { inReplyTo = "" } = texts;
  const references = referencesOf(asked);
  for (const [reader, mail] of Object.entries(await readTwice(mime))) {
    const who = (what: string): string => `${what}, as ${reader} reads it`;
    const optional = (["cc", "bcc", "replyTo"] as const).filter((field) => lists[field].written.length > 0);
    const names = [
      ...ALWAYS,
      ...addedUnderway,
      ...optional.map((field) => HEADER_OF[field]),
      ...(inReplyTo === "" ? [] : ["in-reply-to"]),
      ...(references === "" ? [] : ["references"]),
    ].toSorted();
    assert.deepEqual(mail.headerNames, names, who("the header"));
    const read = mail.attachments.map((file, at) => ({ ...file, content: file.content ?? files[at]?.content }));
    assert.deepEqual(read, files.map(meantFile), who("the attachments"));
    assert.equal(mail.inReplyTo, inReplyTo, who("the mail that is answered"));
    assert.equal(oneLine(mail.references), references, who("the references"));
    const shown = reader === "thunderbird" ? shownByThunderbird : shownByPostal;
    if (from === null || from.written === "")
      assert.deepEqual(mail.from, [{ name: "", address: mailbox }], who("from"));
    else assertPeople(mail.from, asWritten(from, mailbox), shown, who("from"));
    for (const field of LIST_FIELDS) assertPeople(mail[field], lists[field], shown, who(field));
    assert.equal(shownByPostal(mail.subject), shownByPostal(texts.subject ?? ""), who("the subject"));
    assertBodies(mail, texts, who);
  }
}

/** What a file of a request is to its reader. */
function meantFile({ filename, contentType, content }: AskedFile): ReadFile {
  const [type = ""] = contentType.split(";");
  return { name: filename, type: type.trimEnd().toLowerCase(), content };
}

/** The References of a mail, in which the one that is answered stands last. */
function referencesOf({ references, texts: { inReplyTo = "" } }: AskedMail): string {
  const ids = typeof references === "string" ? oneLine(references).split(" ") : [...references];
  return [...ids, ...(ids.includes(inReplyTo) ? [] : [inReplyTo])].filter((id) => id !== "").join(" ");
}

function oneLine(text: string): string {
  return text.replaceAll(/[ \t]+/g, " ").trim();
}

/** A mailbox is one address, in whatever case it is written. */
function asWritten({ written, people }: AskedList, mailbox: string): AskedList {
  const isOwn = (address: string): boolean => address.toLowerCase() === mailbox;
  return {
    written,
    people: people?.map(({ name, address }) => ({ name, address: isOwn(address) ? mailbox : address })) ?? null,
  };
}

/** RFC 5322 2.1.1 and 2.2.3, and what an MTA or a careless reader would take for the end of the header. */
function assertLines(mime: Uint8Array, files: number): void {
  const raw = Buffer.from(mime).toString("latin1");
  assert.doesNotMatch(raw, /[^\r]\n|\r[^\n]|\r$/, "a bare CR or LF");
  const end = raw.indexOf("\r\n\r\n");
  for (const line of raw.split("\r\n")) assert.ok(line.length <= LINE_MAX, `a line of ${line.length} characters`);
  const header = raw.slice(0, end).split("\r\n");
  for (const line of header)
    assert.match(line, /^[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*$/, "a blank line or 8-bit text in the header");
  const boundary = /boundary="([^"]+)"/.exec(raw.slice(0, end))?.[1] ?? "";
  // A delimiter before each part and one at the end: two bodies, or the bodies as one part and the files.
  const parts = files === 0 ? 2 : 1 + files;
  assert.equal(raw.slice(end).split(`--${boundary}`).length, parts + 2, "the boundary stands in a part");
}

function assertPeople(
  read: readonly Person[],
  { written, people }: AskedList,
  shown: (name: string) => string,
  what: string,
): void {
  const named = (list: readonly Person[]): Person[] =>
    list.map(({ name, address }) => ({ name: shown(name), address }));
  if (people !== null) {
    assert.deepEqual(named(read), named(people), what);
    return;
  }
  // Nobody has said whom the text means: RFC 5322's grammar does.
  // Blanks of other scripts around an address are taken for blanks.
  const text = [written]
    .flat()
    .join(",")
    .replaceAll(/[\p{Zs}\ufeff]/gu, " ");
  const meant = emailAddresses.parseAddressList({ input: text, rfc6532: true });
  for (const { address } of read) {
    assert.ok(
      text.toLowerCase().includes(address.split("@")[0]?.toLowerCase() ?? ""),
      `${what}: ${address} was never named`,
    );
  }
  if (meant === null) return;
  const addresses = meant.map((one) => (one.type === "mailbox" ? one.local : "a group"));
  assert.deepEqual(
    read.map(({ address }) => address.slice(0, address.lastIndexOf("@"))),
    addresses,
    what,
  );
}

function assertBodies({ text, html }: ReadMail, texts: AskedMail["texts"], who: (what: string) => string): void {
  const { message = "", html: markup = "" } = texts;
  if (message !== "") assert.equal(trimmed(text), trimmed(message), who("the text"));
  if (markup !== "") assert.equal(trimmed(html), trimmed(markup), who("the html"));
  else assert.equal(textOfParagraphs(html), inParagraphs(message), who("the html made from the text"));
}

/** The HTML that is made of a text, back as that text. Fails on markup other than lines and paragraphs. */
function textOfParagraphs(html: string): string {
  const text = html
    .replaceAll(/<\/p>\n<p>/g, "\n\n")
    .replaceAll("<br>\n", "\n")
    .replace(/^<p>/, "")
    .replace(/<\/p>$/, "");
  assert.doesNotMatch(text, /[<>"]|&(?!(?:lt|gt|quot|nbsp|amp);)/, "markup out of a text");
  const characters: Record<string, string> = { lt: "<", gt: ">", quot: '"', nbsp: " ", amp: "&" };
  return text.replaceAll(/&(\w+);/g, (_, name: string) => characters[name] ?? "");
}

/** What the paragraphs of a text keep of it. */
function inParagraphs(text: string): string {
  return text
    .replaceAll(/\r\n?/g, "\n")
    .replaceAll("\t", "    ")
    .replaceAll(/\n{2,}/g, "\n\n")
    .replaceAll(/^\n+|\n+$/g, "");
}

/** A text as its reader sees it: white space folds in a header, and a byte order mark is none of its characters. */
function shownByPostal(text: string): string {
  return text.replaceAll("\ufeff", "").replaceAll(/\s+/g, " ").trim();
}

/** Thunderbird takes what nobody can see in a name for a space, or away. */
function shownByThunderbird(name: string): string {
  const blank =
    /[\xad\u061c\u06dd\u070f\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u2800\ufff9-\ufffb]/g;
  const nothing = /\u034f|[\u17b4\u17b5]|[\u180b-\u180d]|[\ufe00-\ufe0f]|[\u{e0100}-\u{e01ef}]/gu;
  const formats =
    /[\u{110bd}\u{110cd}\u{13430}-\u{13438}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/gu;
  return shownByPostal(
    name.replaceAll(nothing, "").replaceAll(blank, " ").replaceAll(formats, " ").replaceAll("\ufeff", " "),
  );
}

function trimmed(text: string): string {
  return text
    .replaceAll(/\r\n?/g, "\n")
    .replace(/^\ufeff/, "")
    .replace(/\n+$/, "");
}

/** Fails unless each problem names a field, and one that may be at fault. */
export function assertNamesSuspects(problems: readonly FieldProblem[], suspects: readonly string[]): void {
  assert.ok(problems.length > 0, "a refusal without a problem");
  for (const { pointer, detail } of problems) {
    const [, field = ""] = pointer.split("/");
    assert.ok(suspects.includes(field), `${pointer} is blamed for what is wrong with ${suspects.join(" or ")}`);
    assert.ok(detail.isWellFormed() && detail.length < 400, "a detail that nobody can read");
    assert.ok(pointer.isWellFormed() && !NOT_IN_HEADERS.test(detail), detail);
  }
}

/** Whether the request holds what no part of it may hold, so that it must be refused whatever else it says. */
export function isForbidden({ lists, from, references, files, texts, metadata }: AskedMail): boolean {
  const { subject = "", mailbox = "", dedupeKey = "", message = "", html = "", threadId = "", inReplyTo = "" } = texts;
  const written = [
    ...LIST_FIELDS.flatMap((field) => lists[field].written),
    // As a header it may be folded by tabs.
    ...[references].flat().map((text) => text.replaceAll("\t", " ")),
    ...[from?.written ?? [], threadId, inReplyTo].flat(),
    ...files.flatMap(({ filename, contentType, content }) => [filename, contentType, content]),
  ];
  const isMalformed = [subject, mailbox, dedupeKey, message, html, ...written, ...Object.entries(metadata).flat()].some(
    (text) => !text.isWellFormed(),
  );
  return (
    isMalformed ||
    [subject, mailbox, dedupeKey, ...written].some((text) => NOT_IN_HEADERS.test(text)) ||
    `${message}${html}`.includes("\0")
  );
}
