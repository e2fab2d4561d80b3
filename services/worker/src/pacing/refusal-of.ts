import type { DraftError } from "@draftmill/shared/errors.ts";
import type { Refusal } from "./pacer.ts";

/** What a failure of class `throttled` says about the speed of its mailbox. */
export function refusalOf({ code, retryAfterMs }: DraftError): Refusal {
  return { limit: code === "GMAIL_CONCURRENCY" ? "concurrency" : "rate", retryAfterMs };
}
