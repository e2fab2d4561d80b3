import { ERROR_CODES, type ErrorCode } from "@draftmill/shared/error-codes.ts";
import { ref } from "./openapi-parts.ts";
import { PROBLEM_MEDIA_TYPE } from "./problem.ts";

/** What any call by a caller can meet before its route is asked. */
const ADMISSION_CODES = [
  "FOREIGN_PAGE",
  "UNAUTHENTICATED",
  "CALLER_NOT_ALLOWED",
  "REQUESTS_PER_SECOND_EXCEEDED",
  "CERTS_UNAVAILABLE",
] as const satisfies readonly ErrorCode[];

const RETRY_AFTER = { "Retry-After": { schema: { type: "integer" }, description: "Seconds." } };

/** draft-ietf-httpapi-ratelimit-headers-10. On every other answer to a known caller as well. */
const RATE_LIMIT = {
  "RateLimit-Policy": { schema: { type: "string" }, example: '"requests";q=10;w=1' },
  RateLimit: { schema: { type: "string" }, example: '"requests";r=0;t=1' },
};

/** Of a call that makes a draft. */
export const SUBMISSION_CODES = [
  ...ADMISSION_CODES,
  "BODY_MALFORMED",
  "HEADER_INVALID",
  "MAILBOX_NOT_ALLOWED",
  "DRAFTS_PER_DAY_EXCEEDED",
  "BODY_TOO_LARGE",
  "MEDIA_TYPE_UNSUPPORTED",
  "REQUEST_INVALID",
  "KEY_REUSED",
  "INTERNAL",
  "DRAFT_CANCELED",
  "PUBLISH_UNCONFIRMED",
  "LEDGER_UNAVAILABLE",
  "SHUTTING_DOWN",
] as const satisfies readonly ErrorCode[];

/** Of one that asks what became of one. */
export const READING_CODES = [
  ...ADMISSION_CODES,
  "HEADER_INVALID",
  "INTERNAL",
  "LEDGER_UNAVAILABLE",
  "SHUTTING_DOWN",
] as const satisfies readonly ErrorCode[];

/** Of one that wants an operator. */
export const OPERATING_CODES = [...READING_CODES, "ROLE_NOT_ALLOWED"] as const satisfies readonly ErrorCode[];

function headersOf(status: number, codes: readonly ErrorCode[]): { readonly headers?: object } {
  if (status === 429) return { headers: { ...RETRY_AFTER, ...RATE_LIMIT } };
  return status === 503 || (status === 409 && codes.includes("IMPORT_UNDER_WAY")) ? { headers: RETRY_AFTER } : {};
}

/** One response for each status. `later` adds that the draft's own failure is told with the same statuses. */
export function problems(codes: readonly ErrorCode[], later = false): Record<string, unknown> {
  const byStatus = Map.groupBy(codes, (code) => ERROR_CODES[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => {
      const also = later && (status === 422 || status === 503) ? "; or why the draft failed, when that is known" : "";
      const content = { [PROBLEM_MEDIA_TYPE]: { schema: ref("schemas", "Problem") } };
      return [status, { description: `${group.join(", ")}${also}`, content, ...headersOf(status, codes) }];
    }),
  );
}
