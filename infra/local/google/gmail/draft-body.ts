import { Refusal } from "../google-error.ts";
import { fieldOf } from "../request-values.ts";
import { decodeRaw } from "./validate-raw.ts";

/** What a caller asks to save. */
export interface DraftInput {
  /** None where the body holds no message: an upload brings it apart. */
  readonly raw: Buffer | undefined;
  readonly threadId: string | undefined;
}

// The fields of the two messages in Gmail's discovery document; a caller may send back what a get answered.
const DRAFT_FIELDS: readonly string[] = ["id", "message"];
const MESSAGE_FIELDS: readonly string[] = [
  "id",
  "threadId",
  "labelIds",
  "snippet",
  "historyId",
  "internalDate",
  "payload",
  "sizeEstimate",
  "raw",
  "classificationLabelValues",
];

/** Reads a Draft as Google's transcoder does: an unknown field is an error, never ignored. */
export function parseDraftBody(text: string): DraftInput {
  const draft = jsonObject(text);
  assertFields(draft, DRAFT_FIELDS, "draft");
  const message = fieldOf(draft, "message");
  if (message === undefined || message === null) return { raw: undefined, threadId: undefined };
  if (typeof message !== "object" || Array.isArray(message)) {
    throw new Refusal("invalidPayload", {
      detail: "Invalid value at 'draft.message' (type.googleapis.com/gmail.Message)",
    });
  }
  assertFields(message, MESSAGE_FIELDS, "draft.message");
  const raw = stringField(message, "raw");
  return {
    raw: raw === undefined || raw === "" ? undefined : decodeRaw(raw),
    threadId: stringField(message, "threadId") || undefined,
  };
}

function jsonObject(text: string): object {
  let value: unknown;
  try {
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    throw new Refusal("invalidPayload", {
      detail: "Invalid JSON payload received. Parsing terminated before end of input.",
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Refusal("invalidPayload", {
      detail: 'Invalid JSON payload received. Unknown name "": Root element must be a message.',
    });
  }
  return value;
}

function assertFields(value: object, known: readonly string[], at: string): void {
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new Refusal("invalidPayload", {
    detail: `Invalid JSON payload received. Unknown name "${unknown}" at '${at}': Cannot find field.`,
  });
}

function stringField(message: object, name: string): string | undefined {
  const value = fieldOf(message, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  throw new Refusal("invalidPayload", {
    detail: `Invalid value at 'draft.message.${name}' (TYPE_${name === "raw" ? "BYTES" : "STRING"}), ${JSON.stringify(value)}`,
  });
}
