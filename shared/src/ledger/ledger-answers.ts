import type { DraftRecord } from "../contract/draft-record.ts";
import type { ClaimDecision, OperatorDecision } from "./decide.ts";
import type { SweepStep } from "./decide-sweep.ts";

/** The right to work on a request until the lease ends. Hand it back with `complete`, `release` or `fail`, or let it end. */
export interface Claimed {
  readonly kind: "claimed";
  readonly record: DraftRecord;
  readonly revision: string;
  /** An earlier attempt may have made a draft: look for it before making one. */
  readonly mustFind: boolean;
  /** Both read before the store was asked, so that the lease as reckoned from here ends no later than in the store. */
  readonly leaseStartedMonotonicMs: number;
  readonly leaseStartedWallMs: number;
}

export type NotClaimed = Exclude<ClaimDecision, { kind: "write" }>;

export type Accepted =
  | { readonly accepted: true; readonly revision: string }
  | { readonly accepted: false; readonly existing: DraftRecord };

/** `fenced-off`: the claim had passed to somebody else; nothing was written. Do not acknowledge the message. */
export type Settled = { readonly kind: "settled"; readonly record: DraftRecord } | { readonly kind: "fenced-off" };

export type Refused = { readonly kind: "settled"; readonly record: DraftRecord } | NotClaimed;

export type Moved =
  | { readonly kind: "moved"; readonly record: DraftRecord }
  | Exclude<OperatorDecision, { kind: "write" }>
  | { readonly kind: "absent" };

/** A record that the sweep has to look at. By the caller's clock: each move checks again by the store's. */
export interface Due {
  readonly record: DraftRecord;
  readonly step: SweepStep;
}
