import fc, { type Arbitrary } from "fast-check";
import { type AskedFile, FINE_FILE, hostileFiles, hostileMessageId } from "./hostile-file.ts";
import { anyText, oddBody, oddHtml, oddText } from "./hostile-text.ts";
import type { Person } from "./read-mail.ts";

/** A recipient list, and who it means; null where only its reader can tell. */
export interface AskedList {
  readonly written: string | readonly string[];
  readonly people: readonly Person[] | null;
}

/** A request, and what it asks for. */
export interface AskedMail {
  readonly lists: Readonly<Record<ListField, AskedList>>;
  /** Null: the mailbox. */
  readonly from: AskedList | null;
  readonly references: string | readonly string[];
  readonly files: readonly AskedFile[];
  readonly texts: Readonly<Partial<Record<TextField, string>>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** The fields that may be refused: the others hold nothing out of the ordinary. */
  readonly suspects: readonly string[];
}

export const LIST_FIELDS = ["to", "cc", "bcc", "replyTo"] as const;
export type ListField = (typeof LIST_FIELDS)[number];
export type TextField = "subject" | "message" | "html" | "mailbox" | "threadId" | "inReplyTo" | "dedupeKey";
export type Field = ListField | TextField | "from" | "references" | "attachments" | "metadata";

/** Every field of a request. */
export const FIELDS: readonly Field[] = [
  ...LIST_FIELDS,
  "subject",
  "message",
  "html",
  "mailbox",
  "from",
  "attachments",
  "threadId",
  "inReplyTo",
  "references",
  "dedupeKey",
  "metadata",
];

const address = fc.stringMatching(/^[a-z0-9]{1,12}([.+_-][a-z0-9]{1,12})?@[a-z0-9]{1,12}\.(example|test|co\.uk)$/);

/** Two ways to write a person; what the name holds is quoted as RFC 5322 has it. */
function written({ name, address: bare }: Person): string {
  return name === "" ? bare : `"${name.replaceAll(/["\\]/g, "\\$&")}" <${bare}>`;
}

const person = (name: Arbitrary<string>): Arbitrary<Person> => fc.record({ name, address }, { noNullPrototype: true });

const people = (name: Arbitrary<string>): Arbitrary<AskedList> =>
  fc
    .tuple(fc.array(person(name), { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([list, isText]) => ({ written: isText ? list.map(written).join(", ") : list.map(written), people: list }));

/** Text in the place of a list, or of its entries: nobody has said whom it means. */
const unread: Arbitrary<AskedList> = fc
  .oneof(
    anyText,
    fc.tuple(anyText, address).map(([text, bare]) => `${text} <${bare}>`),
    fc.tuple(anyText, address).map(([text, bare]) => `${bare}${text}`),
    fc.tuple(anyText, address).map(([text, bare]) => `${text}${bare}`),
    fc.array(anyText, { minLength: 1, maxLength: 3 }),
  )
  .map((text) => ({ written: text, people: null }));

const NOBODY: AskedList = { written: [], people: [] };
const SOMEBODY: AskedList = { written: "ada@example.com", people: [{ name: "", address: "ada@example.com" }] };
/** A request with which nothing is wrong. */
export const FINE: AskedMail = {
  lists: { to: SOMEBODY, cc: NOBODY, bcc: NOBODY, replyTo: NOBODY },
  from: null,
  references: [],
  files: [],
  texts: { subject: "Hello", message: "Text." },
  metadata: {},
  suspects: [],
};

/** The same with `value` in one of its fields; of metadata both as a label's name and as its text, of attachments as a name. */
export function withField(field: Field, value: string | readonly string[]): AskedMail {
  const text = [value].flat().join();
  const suspects = [field];
  switch (field) {
    case "to":
    case "cc":
    case "bcc":
    case "replyTo":
      return { ...FINE, lists: { ...FINE.lists, [field]: { written: value, people: null } }, suspects };
    case "metadata":
      return {
        ...FINE,
        metadata: Object.fromEntries([
          [text, "a label"],
          ["label", text],
        ]),
        suspects,
      };
    case "from":
      return { ...FINE, from: { written: text, people: text === "" ? [] : null }, suspects };
    case "references":
      return { ...FINE, references: value, suspects };
    case "attachments":
      return withFile({ filename: text });
    case "threadId":
      return { ...FINE, texts: { ...FINE.texts, threadId: text, inReplyTo: "<a@example.com>" }, suspects };
    case "subject":
    case "message":
    case "html":
    case "mailbox":
    case "inReplyTo":
    case "dedupeKey":
      return { ...FINE, texts: { ...FINE.texts, [field]: text }, suspects };
    default:
      return field satisfies never;
  }
}

/** The same with a file beside a sound one. */
export function withFile(file: Partial<AskedFile>): AskedMail {
  return { ...FINE, files: [FINE_FILE, { ...FINE_FILE, ...file }], suspects: ["attachments"] };
}

const sender: Arbitrary<AskedList> = fc.oneof(
  { weight: 4, arbitrary: person(oddText).map((one) => ({ written: written(one), people: [one] })) },
  person(anyText).map((one) => ({ written: written(one), people: [one] })),
  anyText.map((text) => ({ written: text, people: text === "" ? [] : null })),
);

const lists = fc.oneof({ weight: 4, arbitrary: people(oddText) }, people(anyText), unread);
const body = (odd: Arbitrary<string>): Arbitrary<string> => fc.oneof({ weight: 4, arbitrary: odd }, anyText);
const labels = fc.dictionary(
  fc.oneof(
    { weight: 3, arbitrary: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,20}$/) },
    anyText.map((text) => text.slice(0, 300)),
  ),
  fc.oneof(oddText, anyText),
  { maxKeys: 3, noNullPrototype: true },
);

const hostile: Readonly<Record<Field, Arbitrary<unknown>>> = {
  to: lists,
  cc: lists,
  bcc: lists,
  replyTo: lists,
  subject: fc.oneof({ weight: 3, arbitrary: oddText }, anyText),
  message: body(oddBody),
  html: body(oddHtml),
  mailbox: fc.oneof(
    address,
    anyText,
    fc.tuple(anyText, address).map((parts) => parts.join("")),
  ),
  from: sender,
  attachments: hostileFiles,
  threadId: fc.oneof(
    { weight: 3, arbitrary: fc.stringMatching(/^[0-9a-f]{1,16}$/) },
    fc.constantFrom("FMfcgzQfCMsvMmcQTcpPjxjzNRcJNfMN", "0x19", "19A8F0C2D4E6B801", "1\r\n", "\ud800"),
    anyText,
  ),
  inReplyTo: hostileMessageId,
  references: fc.oneof(
    fc.array(hostileMessageId, { minLength: 1, maxLength: 8 }),
    fc.array(hostileMessageId, { minLength: 1, maxLength: 8 }).map((ids) => ids.join(" ")),
  ),
  dedupeKey: fc.oneof(oddText, anyText),
  metadata: labels,
};

/** A request in which one to three fields hold what they should not, or hardly may. */
export const askedMail: Arbitrary<AskedMail> = fc
  .subarray([...FIELDS], { minLength: 1, maxLength: 3 })
  .chain((suspects) =>
    fc.tuple(fc.constant(suspects), fc.record(Object.fromEntries(suspects.map((field) => [field, hostile[field]])))),
  )
  .map(([suspects, values]) => asked(suspects, values as Partial<Record<Field, never>>));

function asked(suspects: readonly Field[], values: Partial<Record<Field, never>>): AskedMail {
  const { metadata = {}, from = null, references = [], attachments = [], ...fields } = values;
  const isList = (field: string): boolean => (LIST_FIELDS as readonly string[]).includes(field);
  const entries = Object.entries(fields);
  return {
    lists: { ...FINE.lists, ...Object.fromEntries(entries.filter(([field]) => isList(field))) },
    from,
    references,
    files: attachments,
    texts: { ...FINE.texts, ...Object.fromEntries(entries.filter(([field]) => !isList(field))) },
    metadata,
    // A thread needs the mail that is answered: the one is at fault where the other is missing.
    suspects: suspects.includes("threadId") ? [...suspects, "inReplyTo"] : suspects,
  };
}

/** The request's body as a caller would send it. */
export function bodyOf({ lists: given, from, references, files, texts, metadata }: AskedMail): Record<string, unknown> {
  const recipients = Object.entries(given).map(([field, list]) => [field, list.written]);
  return {
    ...Object.fromEntries(recipients),
    ...texts,
    ...(from === null ? {} : { from: from.written }),
    ...(references.length === 0 ? {} : { references }),
    ...(files.length === 0 ? {} : { attachments: files }),
    metadata,
  };
}
