import { DRAFT_REQUEST_SCHEMA } from "@draftmill/shared/contract/draft-request-schema.ts";
import { compileOwn } from "@draftmill/shared/contract/own-schema.ts";
import { schemaProblems } from "@draftmill/shared/contract/schema-problems.ts";
import { DraftError } from "@draftmill/shared/errors.ts";

/** Fields of a request that a column can fill: those that are texts. */
export const MAPPED_FIELDS = [
  "to",
  "cc",
  "bcc",
  "replyTo",
  "from",
  "subject",
  "message",
  "html",
  "mailbox",
  "dedupeKey",
  "notBefore",
  "threadId",
  "inReplyTo",
] as const;
export type MappedField = (typeof MAPPED_FIELDS)[number];

const TEMPLATE = { type: "string", minLength: 1, maxLength: 500_000 };
const COLUMN = { type: "string", minLength: 1, maxLength: 200 };

/** What goes with a file: how its rows become draft requests. */
export const IMPORT_SCHEMA = {
  title: "ImportOrder",
  type: "object",
  additionalProperties: false,
  properties: {
    name: {
      type: "string",
      minLength: 1,
      maxLength: 128,
      description: "The same rows under another name are other drafts.",
    },
    template: {
      type: "object",
      description:
        'Liquid templates over the row\'s columns: {{ first_name | default: "there" }}. A field that is unknown or empty, without a default, is an error.',
      additionalProperties: false,
      properties: { subject: { ...TEMPLATE, maxLength: 5_000 }, message: TEMPLATE, html: TEMPLATE },
    },
    map: {
      type: "object",
      description:
        "Which column a field is in. A column that is called like a field is that field's without being mapped.",
      additionalProperties: false,
      properties: Object.fromEntries(MAPPED_FIELDS.map((field) => [field, COLUMN])),
    },
    defaults: {
      type: "object",
      description: "Fields of a draft request for every row that does not have them.",
      properties: {},
    },
  },
};

export interface ImportOrder {
  readonly name: string | null;
  readonly template: Readonly<Partial<Record<"subject" | "message" | "html", string>>>;
  readonly map: Readonly<Partial<Record<MappedField, string>>>;
  readonly defaults: object;
}

const fits = compileOwn<Partial<Omit<ImportOrder, "name">> & { readonly name?: string }>(IMPORT_SCHEMA, {
  allErrors: true,
});

/** Reads the order of an import. Throws IMPORT_INVALID with every fault. */
export function parseImportOrder(value: unknown): ImportOrder {
  if (!fits(value)) {
    const known = (pointer: string): readonly string[] => {
      if (pointer === "/map") return MAPPED_FIELDS;
      if (pointer === "/template") return ["subject", "message", "html"];
      return Object.keys(pointer === "" ? IMPORT_SCHEMA.properties : DRAFT_REQUEST_SCHEMA.properties);
    };
    const fields = schemaProblems(fits.errors, known, "the import");
    throw new DraftError("IMPORT_INVALID", { reason: fields.map(({ detail }) => detail).join("; "), fields });
  }
  const { name = null, template = {}, map = {}, defaults = {} } = value;
  return { name, template, map, defaults };
}
