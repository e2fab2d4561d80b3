import type { FieldProblem } from "../errors.ts";
import { RECORD_TTL_MS } from "./draft-record.ts";

/** A request may be put off for as long as its record is kept. */
export const NOT_BEFORE_MAX_MS = RECORD_TTL_MS;
/** What is due sooner waits in the worker, and is in the queue; what is due later is set aside in the ledger until then. */
export const HELD_WITHIN_MS = 60_000;

const DATE_TIME = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** The time of an RFC 3339 date-time; null when it is none, or no day or hour that there is. */
export function parseDateTime(text: string): number | null {
  const [, date = "", time = "", fraction = "", offset = ""] = DATE_TIME.exec(text) ?? [];
  // Date.parse takes February 30 for March 2.
  const local = new Date(`${date}T${time}Z`);
  if (Number.isNaN(local.getTime()) || !local.toISOString().startsWith(`${date}T${time}`)) return null;
  const ms = Date.parse(`${date}T${time}${fraction.slice(0, 4)}${offset.toUpperCase()}`);
  return Number.isNaN(ms) ? null : ms;
}

/** What is wrong with a time that lies too far ahead; null when it does not. `graceMs` is for clocks that differ. */
export function tooFarAhead(
  { notBeforeMs }: { readonly notBeforeMs: number | null },
  nowMs: number,
  graceMs = 0,
): FieldProblem | null {
  if (notBeforeMs === null || notBeforeMs <= nowMs + NOT_BEFORE_MAX_MS + graceMs) return null;
  const days = NOT_BEFORE_MAX_MS / 86_400_000;
  return {
    pointer: "/notBefore",
    code: "tooFarAhead",
    detail: `notBefore is more than ${days} days ahead, for which a request is kept`,
  };
}
