import { DraftError, type FieldProblem } from "../errors.ts";
import { type DraftRequest, fingerprint, parseDraftRequest } from "./draft-request.ts";
import type { PushedMessage } from "./pushed-message.ts";
import { repeatedKey } from "./repeated-key.ts";
import { idFromDedupeKey, isRequestId } from "./request-id.ts";

/** What a draft message carries beside its data. All optional for a producer; none of it authorises anything. */
export interface MessageAttributes {
  readonly id?: string;
  readonly dedupeKey?: string;
  readonly caller?: string;
  readonly batch?: string;
  readonly traceparent?: string;
  /** How often the request's message was published again, in decimal; not there for the first. */
  readonly generation?: string;
  /** The replay that took it up again; not there for one that none has. */
  readonly replay?: string;
  /** From the api: when it took the request, in milliseconds since the epoch, `/`, and the record's revision. */
  readonly accepted?: string;
}

/** The record that the api wrote when it took a request: saves the first delivery a read. */
export interface AcceptedRecord {
  readonly createdAtMs: number;
  readonly revision: string;
}

/** What a publisher sends: `data` is the request's JSON and nothing else. A text where it was made here, as a Buffer for each costs more than its bytes. */
export interface EncodedMessage {
  readonly data: Buffer | string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string | null;
}

/** A request as it came off the topic, with the id under which the ledger knows it. */
export interface DraftMessage {
  readonly id: string;
  readonly request: DraftRequest;
  readonly bodyHash: string;
  readonly caller: string | null;
  readonly batch: string | null;
  readonly traceparent: string | undefined;
  readonly generation: number;
  /** Null where the api did not take the request, or no longer vouches for its record. */
  readonly accepted: AcceptedRecord | null;
}

/** A message that can never become a draft, and why. `id` is still the one that the sender looks for. */
export interface InvalidMessage {
  readonly id: string;
  readonly error: DraftError;
}

/** A request whose JSON text is `json`, as it is published. */
export function encodeDraftMessage(
  json: string,
  attributes: MessageAttributes & Readonly<Record<string, string>>,
  orderingKey: string | null,
): EncodedMessage {
  return { data: json, attributes, orderingKey };
}

/**
 * Reads a pushed message as a draft request. A bare `{to, subject, message}` without attributes is as good as any:
 * its id is then derived from the dedupeKey, or else is Pub/Sub's messageId, which every redelivery repeats.
 */
export function decodeDraftMessage(
  pushed: PushedMessage,
  defaultMailbox: string | null,
): { readonly ok: true; readonly message: DraftMessage } | ({ readonly ok: false } & InvalidMessage) {
  const { attributes } = pushed;
  const givenId = attributes.id ?? "";
  const fallbackId = isRequestId(givenId) ? givenId : pushed.messageId;
  const value = parseJson(pushed.data);
  if (value instanceof DraftError) return { ok: false, id: fallbackId, error: value };
  const parsed = parseDraftRequest(withDedupeKey(value, attributes.dedupeKey), defaultMailbox);
  if (!parsed.ok) return { ok: false, id: fallbackId, error: invalidRequest(parsed.problems) };
  const { request } = parsed;
  const { mailbox, dedupeKey } = request;
  return {
    ok: true,
    message: {
      id: isRequestId(givenId) || dedupeKey === null ? fallbackId : idFromDedupeKey(mailbox, dedupeKey),
      request,
      bodyHash: fingerprint(request),
      caller: attributes.caller ?? null,
      batch: attributes.batch ?? null,
      traceparent: attributes.traceparent,
      generation: generationOf(attributes),
      accepted: acceptedOf(attributes.accepted),
    },
  };
}

/** 0 for what nobody has published again, and for what says so in no number. */
export function generationOf({ generation }: Readonly<Record<string, string>>): number {
  return generation !== undefined && /^\d{1,9}$/.test(generation) ? Number(generation) : 0;
}

export function encodeAccepted({ createdAtMs, revision }: AcceptedRecord): string {
  return `${createdAtMs}/${revision}`;
}

function acceptedOf(text: string | undefined): AcceptedRecord | null {
  const [, createdAtMs, revision] = /^(\d{1,15})\/(.{1,100})$/.exec(text ?? "") ?? [];
  return revision === undefined ? null : { createdAtMs: Number(createdAtMs), revision };
}

/** A key in an attribute counts as one in the body, where it must stand for the same rules and the same fingerprint. */
function withDedupeKey(value: object, dedupeKey: string | undefined): object {
  const isGiven = "dedupeKey" in value && value.dedupeKey !== "";
  return isGiven || dedupeKey === undefined ? value : { ...value, dedupeKey };
}

/** The failure of a request that breaks the schema: its reason reads as one sentence, its fields name each problem. */
export function invalidRequest(fields: readonly FieldProblem[]): DraftError {
  const reason = fields.map(({ detail }) => detail).join("; ");
  return new DraftError("REQUEST_INVALID", { reason, fields });
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function parseJson(data: Buffer): object | DraftError {
  try {
    const json = utf8.decode(data);
    const value: unknown = JSON.parse(json);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return new DraftError("MESSAGE_MALFORMED");
    const repeated = repeatedKey(json);
    if (repeated === null) return value;
    return new DraftError("MESSAGE_MALFORMED", { reason: repeated.detail, fields: [repeated] });
  } catch {
    return new DraftError("MESSAGE_MALFORMED");
  }
}
