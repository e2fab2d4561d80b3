import type { Mutation } from "./worker-build.ts";

export interface SwitchedOff {
  /** The rule that is missing, by the model's name for the protocol without it. */
  readonly name: string;
  readonly without: string;
  readonly mutations: readonly Mutation[];
  readonly breaks: "duplicated" | "lost";
}

const CLAIM = "shared/src/ledger/decide.ts";
const LEDGER = "shared/src/ledger/draft-ledger.ts";
const PIPELINE = "services/worker/src/process-draft.ts";

const NO_FIND: Mutation = {
  name: "no find",
  file: LEDGER,
  find: "const mustFind = record.taintedBefore;",
  replace: "const mustFind = false;",
};

const NO_LEASE: Mutation = {
  name: "no lease",
  file: CLAIM,
  find: "if (record.claimedAtMs === null) return 0;",
  replace: "return 0;",
};

/** Each is the protocol with one rule less, and must show under the same faults under which the whole protocol holds. */
export const SWITCHED_OFF: readonly SwitchedOff[] = [
  {
    name: "V0",
    without: "a ledger that remembers what was done",
    mutations: [
      NO_FIND,
      {
        name: "no memory",
        file: CLAIM,
        find: "if (stored === null) return null;\n  if (stored.bodyHash",
        replace: "if (stored !== undefined) return null;\n  if (stored.bodyHash",
      },
    ],
    breaks: "duplicated",
  },
  {
    name: "V1",
    without: "leases: it only remembers what is done",
    mutations: [NO_FIND, NO_LEASE],
    breaks: "duplicated",
  },
  { name: "V2", without: "the find before a second create", mutations: [NO_FIND], breaks: "duplicated" },
  {
    name: "V3",
    without: "the nack of a delivery that meets a live lease",
    mutations: [
      {
        name: "ack on busy",
        file: PIPELINE,
        find: `await held(untilMoved(deps, message.id, claim.retryAfterMs, hold), hold, "CLAIM_BUSY");
        continue;`,
        replace: `return { kind: "duplicate", state: "processing" };`,
      },
    ],
    breaks: "lost",
  },
  {
    name: "V4a",
    without: "the wait after an answer that tells nothing: it sends again at once",
    mutations: [
      {
        name: "send again",
        file: PIPELINE,
        find: `if (error.applied === "unknown") return { kind: "retry", error };`,
        replace: `if (error.applied === "unknown") { await ledger.release(claim, null); continue; }`,
      },
    ],
    breaks: "duplicated",
  },
];
