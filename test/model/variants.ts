import {
  decideClaim,
  decideComplete,
  decideRefuse,
  decideRelease,
  decideReplay,
} from "@draftmill/shared/ledger/decide.ts";
import type { Invariant } from "./invariants.ts";
import { PROTOCOL, type Protocol } from "./protocol.ts";

/** The protocol with one rule taken out. */
export interface Variant {
  readonly name: string;
  readonly without: string;
  readonly protocol: Protocol;
  /** What breaks for want of that rule. */
  readonly breaks: Invariant;
}

/** Each shows that the rule it lacks is needed, and that the model would notice. */
export const BROKEN_VARIANTS: readonly Variant[] = [
  {
    name: "V0",
    without: "a ledger: every delivery creates, whatever is on record",
    protocol: {
      ...PROTOCOL,
      claim: (_stored, candidate, time) => decideClaim(null, candidate, time),
      complete: (record, _fence, draft, time) =>
        decideComplete({ ...record, state: "processing" }, record.fence, draft, time),
    },
    breaks: "two-drafts",
  },
  {
    name: "V2",
    without: "the find: a claim after a lease that ran out creates at once",
    protocol: {
      ...PROTOCOL,
      claim(stored, candidate, time) {
        const decision = decideClaim(stored, candidate, time);
        return decision.kind === "write"
          ? { ...decision, record: { ...decision.record, taintedBefore: false } }
          : decision;
      },
    },
    breaks: "two-drafts",
  },
  {
    name: "V3",
    without: "the nack of a delivery that meets a live lease: it is acknowledged",
    protocol: { ...PROTOCOL, onBusy: "ack" },
    breaks: "lost",
  },
  {
    name: "V4a",
    without: "the wait after an ambiguous create: the worker sends again at once",
    protocol: { ...PROTOCOL, onAmbiguous: "send-again" },
    breaks: "two-drafts",
  },
  {
    name: "V4b",
    without: "the taint across a replay",
    protocol: {
      ...PROTOCOL,
      replay(record, time) {
        const decision = decideReplay(record, time);
        return decision.kind === "write" ? { ...decision, record: { ...decision.record, tainted: false } } : decision;
      },
    },
    breaks: "two-drafts",
  },
  {
    name: "V4d",
    without: "the fence of a release",
    protocol: {
      ...PROTOCOL,
      release: (record, _fence, note, time) => decideRelease(record, record.fence, note, time),
    },
    breaks: "two-drafts",
  },
  {
    name: "V10a",
    without: "the dead letter before the record: the failure is recorded, then published",
    protocol: { ...PROTOCOL, failureOrder: "record-first" },
    breaks: "lost",
  },
  {
    name: "V10b",
    without: "the record before the message: a replay is published, then recorded, and confirmed with it",
    protocol: {
      ...PROTOCOL,
      replayOrder: "publish-first",
      replay(record, time) {
        const decision = decideReplay(record, time);
        return decision.kind === "write"
          ? { ...decision, record: { ...decision.record, note: null, body: null } }
          : decision;
      },
    },
    breaks: "lost",
  },
  {
    name: "V11",
    without:
      "a replay's body past the next claim: that claim may be a late delivery's, and the replay not yet published",
    protocol: {
      ...PROTOCOL,
      claim(stored, candidate, time) {
        const decision = decideClaim(stored, candidate, time);
        return decision.kind === "write" ? { ...decision, record: { ...decision.record, body: null } } : decision;
      },
    },
    breaks: "lost",
  },
  {
    name: "V12",
    without: "the sweep that publishes an unfinished replay once more",
    protocol: { ...PROTOCOL, takesUpReplays: false },
    breaks: "lost",
  },
  {
    name: "V13",
    without: "a replay's note past a late claim: whichever message is delivered, the replay counts as published",
    protocol: {
      ...PROTOCOL,
      claim: (stored, candidate, time) =>
        decideClaim(stored, { ...candidate, generation: stored?.generation ?? 0 }, time),
    },
    breaks: "lost",
  },
  {
    name: "V14",
    without: "the generation of a dead letter: one from before a replay ends it",
    protocol: {
      ...PROTOCOL,
      refuse: (stored, candidate, failure, time) =>
        decideRefuse(stored, { ...candidate, generation: stored?.generation ?? 0 }, failure, time),
    },
    breaks: "undone",
  },
];

/** The protocol outside its two timing assumptions: no rule of ours can help, as Gmail has no fence. */
export const BEYOND_TIMING: readonly Variant[] = [
  {
    name: "V5",
    without: "a list that shows a draft at once",
    protocol: { ...PROTOCOL, listsAtOnce: false },
    breaks: "two-drafts",
  },
  {
    name: "V6",
    without: "a create that lands within its lease",
    protocol: { ...PROTOCOL, landsWithinLease: false },
    breaks: "two-drafts",
  },
];

/** Neither assumption, with the reconciler: a second draft may show for a while and never stays. */
export const RECONCILED: Protocol = { ...PROTOCOL, listsAtOnce: false, landsWithinLease: false, reconciles: true };
