import { idOfIdempotencyKey } from "@draftmill/shared/contract/request-id.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { DocumentKind, Documents } from "@draftmill/shared/ledger/documents.ts";

/** What an Idempotency-Key stands for, from its first use on. */
export interface IdempotencyKey {
  readonly id: string;
  readonly requestId: string;
  readonly bodyHash: string;
  readonly createdAtMs: number;
}

/** A key that comes again after this time stands for a new request. */
export const KEY_KEPT_MS = 7 * 24 * 60 * 60 * 1000;

export const IDEMPOTENCY_KEYS: DocumentKind<IdempotencyKey> = {
  name: "key",
  // The store is ours alone: what parses as JSON there is what was written.
  parse: (value) => value as IdempotencyKey,
  idOf: ({ id }) => id,
  expireAtMsOf: ({ createdAtMs }) => createdAtMs + KEY_KEPT_MS,
};

/** A key as a caller uses it: it means something to that caller and on that route only. */
export interface KeyUse {
  readonly caller: string | null;
  readonly route: string;
  readonly key: string;
  readonly bodyHash: string;
  /** The id of the request if this is the key's first use. */
  readonly requestId: string;
}

/**
 * The id of the request that a key stands for. It is written down before the request is, so that of two calls at the same
 * moment, and of a call that died and its repetition, both go on with one id. Throws KEY_REUSED when it stands for another body.
 */
export async function requestIdOfKey(
  keys: Documents<IdempotencyKey>,
  { caller, route, key, bodyHash, requestId }: KeyUse,
  nowMs: number,
): Promise<string> {
  const id = idOfIdempotencyKey(caller ?? "", route, key);
  const known = await keys.create({ id, requestId, bodyHash, createdAtMs: nowMs });
  if (known === null) return requestId;
  if (known.bodyHash !== bodyHash) throw new DraftError("KEY_REUSED");
  return known.requestId;
}
