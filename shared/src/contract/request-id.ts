import { hash } from "node:crypto";

/** What an id may look like wherever it travels: header, attribute, path, ledger key. */
const REQUEST_ID = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;

export function isRequestId(text: string): boolean {
  return REQUEST_ID.test(text);
}

/** The id of a request with a dedupeKey: the same for the same key and mailbox, over HTTP, topic and file alike. */
export function idFromDedupeKey(mailbox: string, dedupeKey: string): string {
  return derivedId("d", mailbox, dedupeKey);
}

/** Under which id an Idempotency-Key is on record, which means something to one caller and on one route. */
export function idOfIdempotencyKey(caller: string, route: string, key: string): string {
  return derivedId("i", caller, route, key);
}

/** A hash, so that ids spread evenly over a store's key range and give nothing away. */
function derivedId(kind: string, ...parts: readonly string[]): string {
  return `${kind}-${hash("sha256", JSON.stringify(parts), "base64url")}`;
}
