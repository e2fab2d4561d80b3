import type { Break } from "./soak.ts";
import { FAILING, KILLED, LATE, REFUSED, type Trial } from "./trials.ts";
import type { Mutation } from "./worker-build.ts";

export interface SwitchedOff {
  /** The rule that is missing, by the model's name for the protocol without it if it has one. */
  readonly name: string;
  readonly without: string;
  readonly mutations: readonly Mutation[];
  /** With "stopped owner" nothing is left to chance: see `stopOwner`. */
  readonly trial: Trial | "stopped owner";
  readonly breaks: Break;
}

const DECIDE = "shared/src/ledger/decide.ts";
const LEDGER = "shared/src/ledger/draft-ledger.ts";
const PIPELINE = "services/worker/src/process-draft.ts";

const NO_FIND: Mutation = {
  name: "no find",
  file: LEDGER,
  find: "const mustFind = record.taintedBefore;",
  replace: "const mustFind = false;",
};

/**
 * Each is the protocol with one rule less, and must show in a trial in which the whole protocol holds. The model's V11 to
 * V14 are left to it: each needs a crash between two certain writes of a replay, which chance does not find in seconds.
 */
export const SWITCHED_OFF: readonly SwitchedOff[] = [
  {
    name: "V0",
    without: "a ledger that remembers what was done",
    mutations: [
      NO_FIND,
      {
        name: "no memory",
        file: DECIDE,
        find: "if (stored === null) return null;\n  if (stored.bodyHash",
        replace: "if (stored !== undefined) return null;\n  if (stored.bodyHash",
      },
    ],
    trial: KILLED,
    breaks: "doubled",
  },
  {
    name: "V1",
    without: "leases: it only remembers what is done",
    mutations: [
      NO_FIND,
      { name: "no lease", file: DECIDE, find: "if (record.claimedAtMs === null) return 0;", replace: "return 0;" },
    ],
    trial: KILLED,
    breaks: "doubled",
  },
  {
    name: "V2",
    without: "the find before a second create",
    mutations: [NO_FIND],
    trial: KILLED,
    breaks: "doubled",
  },
  {
    name: "V3",
    without: "the nack of a delivery that meets a live lease",
    mutations: [
      {
        name: "ack on busy",
        file: PIPELINE,
        find: `await held(untilMoved(deps, id, begun.retryAfterMs, hold), hold, "CLAIM_BUSY");
        continue;`,
        replace: `return { kind: "duplicate", state: "processing" };`,
      },
    ],
    trial: KILLED,
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
    trial: KILLED,
    breaks: "doubled",
  },
  {
    name: "claim-taint",
    without: "the taint of a claim",
    mutations: [
      {
        name: "no taint",
        file: DECIDE,
        find: "tainted: true,\n    claimedAtMs: time.nowMs,",
        replace: "tainted: current.tainted,\n    claimedAtMs: time.nowMs,",
      },
    ],
    trial: KILLED,
    breaks: "doubled",
  },
  {
    name: "release-taint",
    without: "the taint that a claim found, when a refusal gives it back",
    mutations: [
      {
        name: "released clean",
        file: DECIDE,
        find: "tainted: record.taintedBefore,",
        replace: "tainted: false,",
      },
    ],
    trial: REFUSED,
    breaks: "doubled",
  },
  {
    name: "fail-taint",
    without: "the taint of a failure",
    mutations: [
      {
        name: "failed clean",
        file: DECIDE,
        find: "return written(record, time, { ...endedBy(record, failure), claimedAtMs: null, note: null });",
        replace:
          "return written(record, time, { ...endedBy(record, failure), tainted: false, claimedAtMs: null, note: null });",
      },
    ],
    trial: REFUSED,
    breaks: "doubled",
  },
  {
    name: "V4b",
    without: "the taint across a replay",
    mutations: [
      {
        name: "replayed clean",
        file: DECIDE,
        find: 'replayedBy,\n    note: "publish-unconfirmed",',
        replace: 'replayedBy,\n    tainted: false,\n    note: "publish-unconfirmed",',
      },
    ],
    trial: REFUSED,
    breaks: "doubled",
  },
  {
    name: "V10b",
    without: "the record before the message: a replay is published, then recorded, and confirmed with it",
    mutations: [
      {
        name: "published first",
        file: "shared/src/replay/replay-row.ts",
        find: `const moved = await ledger.replay(row.id, row.generation, by);
  if (moved.kind !== "moved") return "moved";
  await publishAgain({ ledger, ...deps }, moved.record, body).catch(() => {});`,
        replace: `await publishAgain({ ledger, ...deps }, { ...row, generation: row.generation + 1 }, body);
  const moved = await ledger.replay(row.id, row.generation, by);
  if (moved.kind !== "moved") return "moved";
  await ledger.confirm(row.id, moved.record.generation);`,
      },
    ],
    trial: REFUSED,
    breaks: "lost",
  },
  {
    name: "V4d",
    without: "the fence of a release",
    mutations: [
      {
        name: "release by anybody",
        file: DECIDE,
        find: `if (record.fence !== fence) return { kind: "fenced-off" };
  if (record.state === "queued")`,
        replace: `if (record.state === "queued")`,
      },
    ],
    trial: "stopped owner",
    breaks: "doubled",
  },
  {
    name: "send-guard",
    without: "the send guard: a create leaves however old its claim is",
    mutations: [
      {
        name: "no guard",
        file: PIPELINE,
        find: `if (Math.max(byMonotonicMs, byWallMs) > leaseMs / 3) throw new DraftError("LEASE_SPENT");`,
        replace: "",
      },
      {
        // The attempt's own deadline would mostly keep it back as well.
        name: "no deadline",
        file: PIPELINE,
        find: "withDeadline(deps.leaseMs / 2, null, (signal) => attemptWithin",
        replace: "withDeadline(600_000, null, (signal) => attemptWithin",
      },
    ],
    trial: "stopped owner",
    breaks: "doubled",
  },
  {
    // The record keeps the body, so that nobody loses the request; whoever reads the dead-letter topic never hears of it.
    name: "V10a",
    without: "the dead letter before the record: the failure is recorded, then published",
    mutations: [
      {
        name: "recorded first",
        file: "services/worker/src/dead-letter-request.ts",
        find: `await deps.deadLetters.publish(encodeDeadLetter(pushed, claim.record.id, error, deps.clock.nowMs()));
  const settled = await deps.ledger.fail(claim, failureOf(error, pushed));`,
        replace: `const settled = await deps.ledger.fail(claim, failureOf(error, pushed));
  await deps.deadLetters.publish(encodeDeadLetter(pushed, claim.record.id, error, deps.clock.nowMs()));`,
      },
    ],
    trial: FAILING,
    breaks: "untold",
  },
  {
    name: "reconciler",
    without: "the reconciler: nobody looks for a second draft",
    mutations: [
      {
        name: "no reconciler",
        file: "services/worker/src/start.ts",
        find: "run: (signal) => lookAtDue({ ledger, gmail, pacer, requests, events, orderingShards, log }, signal)",
        replace: "run: async () => ({})",
      },
    ],
    trial: LATE,
    breaks: "duplicated",
  },
];
