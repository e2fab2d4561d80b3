import { type DraftIds, type DraftRecord, newDraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import type { Failure, LeaseTime } from "@draftmill/shared/ledger/decide.ts";
import { DEFAULT_CLAIM_LEASE_MS } from "@draftmill/shared/ledger/draft-ledger.ts";

/** Index of "the ledger has no record of this id". */
export const NO_RECORD = 0;

/** The one moment at which everything is decided. A lease that runs out is moved into the past instead. */
export const NOW: LeaseTime = { leaseMs: DEFAULT_CLAIM_LEASE_MS, nowMs: 10 * DEFAULT_CLAIM_LEASE_MS };
const LEASE_OVER_MS = NOW.nowMs - NOW.leaseMs;

/** The request as its first message tells it. */
export const CANDIDATE: DraftRecord = newDraftRecord(
  { id: "request", mailbox: "rep@corp.example", to: ["ada@example.com"], subject: "Hello", bodyHash: "hash" },
  NOW.nowMs,
);

/** The request as a message of a generation tells it. */
export function candidateOf(generation: number): DraftRecord {
  return { ...CANDIDATE, generation };
}

/** How a request ends that cannot succeed. */
export function failureAs(state: Failure["state"]): Failure {
  return { state, problem: { code: "RECIPIENT_INVALID", detail: "refused", retryable: false }, body: "{}" };
}

export function idsOf(draft: number): DraftIds {
  return { draftId: `r${draft}`, messageId: `m${draft}`, threadId: `t${draft}` };
}

/**
 * The records that occur in one search, each once: `claims`, the times of writes and the problem's text are dropped, as
 * no decision reads them. Of when the sweep looks, what counts is whether it ever will.
 */
export class RecordTable {
  readonly #records: (DraftRecord | null)[] = [null];
  readonly #byKey = new Map<string, number>();

  /** The record at an index, null for `NO_RECORD`. */
  find(index: number): DraftRecord | null {
    const record = this.#records[index];
    if (record === undefined) throw new RangeError(`no record ${index}`);
    return record;
  }

  /** The same where there must be one. */
  at(index: number): DraftRecord {
    const record = this.find(index);
    if (record === null) throw new RangeError("the ledger has no record yet");
    return record;
  }

  indexOf(given: DraftRecord): number {
    const { state, fence, tainted, taintedBefore, claimedAtMs, note, draftId, body, generation } = given;
    const dueAtMs = given.dueAtMs === null ? null : NOW.nowMs;
    const key = [state, fence, tainted, taintedBefore, claimedAtMs, note, draftId, body, generation, dueAtMs].join();
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const { problem, messageId, threadId } = given;
    const kept = { state, fence, tainted, taintedBefore, claimedAtMs, note, draftId, body, generation, dueAtMs };
    this.#byKey.set(key, this.#records.length);
    return this.#records.push({ ...CANDIDATE, ...kept, problem, messageId, threadId, looks: 0 }) - 1;
  }

  hasLiveLease(index: number): boolean {
    return this.find(index)?.claimedAtMs === NOW.nowMs;
  }

  /** The same record after its lease. */
  afterLease(index: number): number {
    return this.indexOf({ ...this.at(index), claimedAtMs: LEASE_OVER_MS });
  }
}
