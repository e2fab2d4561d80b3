import { type Bounds, VARIANT_BOUNDS } from "./bounds.ts";
import type { Invariant } from "./invariants.ts";
import { PROTOCOL, type Protocol } from "./protocol.ts";
import { RECONCILED } from "./variants.ts";

/** One exhaustive search of the protocol as it is. */
export interface Scenario {
  readonly name: string;
  readonly protocol: Protocol;
  readonly bounds: Bounds;
  /** What may be broken, because the protocol promises it at rest only. */
  readonly transient: readonly Invariant[];
}

/** Each kind of fault and each pair of parties, a few seconds in all: for every run of the tests. */
export const SMALL_SCENARIOS: readonly Scenario[] = [
  {
    name: "one caller, every fault, no replay",
    protocol: PROTOCOL,
    bounds: { ...VARIANT_BOUNDS, replays: 0, ledgerFaults: 1, publishFaults: 1 },
    transient: [],
  },
  {
    name: "a failure and its replay",
    protocol: PROTOCOL,
    bounds: { ...VARIANT_BOUNDS, duplicates: 0, refusals: 0 },
    transient: [],
  },
  {
    name: "a caller that tries again",
    protocol: PROTOCOL,
    bounds: { ...VARIANT_BOUNDS, clients: ["http", "http"], replays: 0, duplicates: 0, permanents: 0, refusals: 0 },
    transient: [],
  },
  {
    name: "lists that lag, creates that land late, and the reconciler",
    protocol: RECONCILED,
    bounds: { ...VARIANT_BOUNDS, replays: 0, duplicates: 0 },
    transient: ["two-drafts"],
  },
];

/** As far as a few minutes and 2 GB reach. */
export const FULL_SCENARIOS: readonly Scenario[] = [
  {
    name: "one caller, a replay, and a ledger that does not answer",
    protocol: PROTOCOL,
    bounds: { ...VARIANT_BOUNDS, ledgerFaults: 1, duplicates: 0, refusals: 0 },
    transient: [],
  },
  {
    name: "two crashes, three attempts",
    protocol: PROTOCOL,
    bounds: { ...VARIANT_BOUNDS, crashes: 2, attempts: 3, replays: 0, ledgerFaults: 1, publishFaults: 1 },
    transient: [],
  },
  {
    name: "an event producer, a caller with the same key, and a replay",
    protocol: PROTOCOL,
    bounds: { ...VARIANT_BOUNDS, clients: ["topic", "http"], attempts: 1, duplicates: 0, refusals: 0 },
    transient: [],
  },
  {
    name: "a caller that tries again, every fault",
    protocol: PROTOCOL,
    bounds: { ...VARIANT_BOUNDS, clients: ["http", "http"], replays: 0, duplicates: 0, publishFaults: 1 },
    transient: [],
  },
  {
    name: "lists that lag, creates that land late, a replay, and the reconciler",
    protocol: RECONCILED,
    bounds: { ...VARIANT_BOUNDS, duplicates: 0, refusals: 0, crashes: 0 },
    transient: ["two-drafts"],
  },
];
