import fc, { type Arbitrary } from "fast-check";
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
  readonly texts: Readonly<Partial<Record<TextField, string>>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** The fields that may be refused: the others hold nothing out of the ordinary. */
  readonly suspects: readonly string[];
}

export const LIST_FIELDS = ["to", "cc", "bcc", "replyTo"] as const;
export type ListField = (typeof LIST_FIELDS)[number];
export type TextField = "subject" | "message" | "html" | "mailbox" | "dedupeKey";
export type Field = ListField | TextField | "metadata";

/** Every field of a request. */
export const FIELDS: readonly Field[] = [
  ...LIST_FIELDS,
  "subject",
  "message",
  "html",
  "mailbox",
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
  texts: { subject: "Hello", message: "Text." },
  metadata: {},
  suspects: [],
};

/** The same with `value` in one of its fields; of metadata both as a label's name and as its text. */
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
    case "subject":
    case "message":
    case "html":
    case "mailbox":
    case "dedupeKey":
      return { ...FINE, texts: { ...FINE.texts, [field]: text }, suspects };
    default:
      return field satisfies never;
  }
}

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
  const { metadata = {}, ...fields } = values;
  const isList = (field: string): boolean => (LIST_FIELDS as readonly string[]).includes(field);
  const entries = Object.entries(fields);
  return {
    lists: { ...FINE.lists, ...Object.fromEntries(entries.filter(([field]) => isList(field))) },
    texts: { ...FINE.texts, ...Object.fromEntries(entries.filter(([field]) => !isList(field))) },
    metadata,
    suspects,
  };
}

/** The request's body as a caller would send it. */
export function bodyOf({ lists: given, texts, metadata }: AskedMail): Record<string, unknown> {
  const recipients = Object.entries(given).map(([field, list]) => [field, list.written]);
  return { ...Object.fromEntries(recipients), ...texts, metadata };
}
