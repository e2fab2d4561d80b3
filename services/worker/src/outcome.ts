import type { DraftRecord, DraftState } from "@draftmill/shared/contract/draft-record.ts";
import type { DraftError } from "@draftmill/shared/errors.ts";

/** How one delivery ended. `record`: what is on record of the request since; null of one that has none under its id. */
export type Outcome =
  /** The draft exists and the ledger knows it. `found`: an earlier attempt had made it. */
  | { readonly kind: "created"; readonly draftId: string; readonly found: boolean; readonly record: DraftRecord }
  /** The request had ended before this delivery. */
  | { readonly kind: "duplicate"; readonly state: DraftState; readonly record: DraftRecord }
  /** It cannot succeed as things are; its dead letter is published. */
  | { readonly kind: "dead-lettered"; readonly error: DraftError; readonly record: DraftRecord | null }
  /** An incident of its mailbox is open, or its batch is paused (no incident); the ledger keeps the request until that is over. */
  | {
      readonly kind: "parked";
      readonly code: string;
      readonly incident: string | null;
      readonly record: DraftRecord;
    }
  /** It is not to be made yet; the ledger keeps it until it is nearly time. */
  | { readonly kind: "scheduled"; readonly notBeforeMs: number; readonly record: DraftRecord }
  /** Its batch was canceled. */
  | { readonly kind: "canceled"; readonly code: string }
  /** Gmail wants its mailbox left alone for longer: it is published again, for a delivery of its own. */
  | { readonly kind: "handed-back"; readonly error: DraftError }
  /** Pub/Sub shall deliver it again. */
  | { readonly kind: "retry"; readonly error: DraftError };

/**
 * The answer to the push: 204 acknowledges (Google's emulator takes 202 for a refusal, so 204 it is), 503 asks for
 * another delivery.
 */
export function statusOf(outcome: Outcome): 204 | 503 {
  switch (outcome.kind) {
    case "created":
    case "duplicate":
    case "dead-lettered":
    case "parked":
    case "scheduled":
    case "canceled":
    case "handed-back":
      return 204;
    case "retry":
      return 503;
    default:
      return outcome satisfies never;
  }
}
