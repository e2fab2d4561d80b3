import type { Clock } from "../clock.ts";
import type { DraftIds, DraftRecord, RecordProblem } from "../contract/draft-record.ts";
import {
  type ClaimDecision,
  decideAdopt,
  decideCancel,
  decideClaim,
  decideComplete,
  decideConfirm,
  decideDoubt,
  decideFail,
  decideRefuse,
  decideRelease,
  decideReplay,
  type Failure,
  type LeaseTime,
  type OperatorDecision,
  type OwnerDecision,
} from "./decide.ts";
import { decideForget, decideWithdraw } from "./decide-batch.ts";
import { decideSchedule } from "./decide-schedule.ts";
import {
  decideExpire,
  decideLooked,
  decidePostpone,
  decideRepublish,
  decideSuspect,
  decideSweep,
} from "./decide-sweep.ts";
import { type DocumentKind, Documents } from "./documents.ts";
import { BODY_PARTS, keepBody, readBody } from "./large-bodies.ts";
import {
  type CountFilter,
  type FailureFilter,
  type FailureGroups,
  type Ledger,
  LedgerUnavailable,
  type ListQuery,
  type Page,
  type StateCounts,
  type Stored,
} from "./ledger.ts";
import type { Accepted, Claimed, Due, Moved, NotClaimed, Refused, Settled } from "./ledger-answers.ts";
import { recipientHash } from "./recipients.ts";

/** The default of `CLAIM_LEASE_MS`: six times the longest call to Google, so that 90 s separate it from the next claim. */
export const DEFAULT_CLAIM_LEASE_MS = 180_000;

/** Each lost race means that another writer has moved the record on, and few moves are possible from anywhere. */
const MAX_RACES = 8;

/** Pauses before an owner's write is tried again on a store that does not answer; the lease is long against their sum. */
const OWNER_RETRY_MS = [100, 400, 1_600];

/**
 * The ledger as the services use it: the decisions of `decide.ts` carried out on a store. Every method may throw
 * `LedgerUnavailable`; after one, a delivery is not to be acknowledged and no draft is to be made.
 */
export class DraftLedger {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #leaseMs: number;

  constructor(ledger: Ledger, options: { readonly clock: Clock; readonly leaseMs?: number }) {
    this.#ledger = ledger;
    this.#clock = options.clock;
    this.#leaseMs = options.leaseMs ?? DEFAULT_CLAIM_LEASE_MS;
  }

  /**
   * Notes a request before its message is published. The revision, carried along with the message, saves the first
   * claim a read. Not accepted means that the id is known: compare `bodyHash` to tell a repetition from a conflict.
   */
  async accept(record: DraftRecord): Promise<Accepted> {
    const result = await this.#ledger.create(record);
    if (result.created) return { accepted: true, revision: result.revision };
    return { accepted: false, existing: result.stored.record };
  }

  /**
   * Claims the candidate's request, whether or not it was accepted before. With the revision that `accept` gave, a
   * record nobody has touched since is claimed in one write; one that is out of date costs a read and no more.
   * @param candidate the request as its message tells it, from `newDraftRecord`
   * @param acceptedRevision from `accept` only: it vouches for a record that was never claimed
   */
  async claim(candidate: DraftRecord, acceptedRevision?: string): Promise<Claimed | NotClaimed> {
    const leaseStartedMonotonicMs = this.#clock.monotonicMs();
    const leaseStartedWallMs = this.#clock.nowMs();
    const result = await this.#begin(candidate, acceptedRevision, (stored, time) =>
      decideClaim(stored, candidate, time),
    );
    if (result.kind !== "written") return result;
    const { record, revision } = result;
    const mustFind = record.taintedBefore;
    return { kind: "claimed", record, revision, mustFind, leaseStartedMonotonicMs, leaseStartedWallMs };
  }

  /** Records the draft. Safe to repeat when its answer was lost: the same draft under the same claim is `settled`. */
  complete(claim: Claimed, draft: DraftIds): Promise<Settled> {
    return this.#settle(claim, (record, time) => decideComplete(record, claim.record.fence, draft, time));
  }

  /** Only when it is certain that no draft was made by this claim. Otherwise let the lease end. */
  release(claim: Claimed, note: "throttled" | null): Promise<Settled> {
    return this.#settle(claim, (record, time) => decideRelease(record, claim.record.fence, note, time));
  }

  /** Ends the request without a draft. Publish its dead letter first. */
  async fail(claim: Claimed, failure: Failure): Promise<Settled> {
    const kept = await this.#withBody(claim.record.id, failure);
    return this.#settle(claim, (record, time) => decideFail(record, claim.record.fence, kept, time));
  }

  /** Ends a request that was never claimed by this delivery: it is not valid, or the queue has given up on it. */
  async failUnclaimed(candidate: DraftRecord, failure: Failure): Promise<Refused> {
    const kept = await this.#withBody(candidate.id, failure);
    const result = await this.#begin(candidate, undefined, (stored, time) =>
      decideRefuse(stored, candidate, kept, time),
    );
    return result.kind === "written" ? { kind: "settled", record: result.record } : result;
  }

  /** Ends a request whose batch was canceled. */
  async withdraw(candidate: DraftRecord, problem: RecordProblem): Promise<Refused> {
    const result = await this.#begin(candidate, undefined, (stored, time) =>
      decideWithdraw(stored, candidate, problem, time),
    );
    return result.kind === "written" ? { kind: "settled", record: result.record } : result;
  }

  /** Sets a request aside until it is nearly `candidate.notBeforeMs`. */
  async schedule(candidate: DraftRecord, body: string): Promise<Refused> {
    const kept = await keepBody(this.documents(BODY_PARTS), candidate.id, body, this.#clock.nowMs());
    const result = await this.#begin(candidate, undefined, (stored, time) =>
      decideSchedule(stored, candidate, kept, time),
    );
    return result.kind === "written" ? { kind: "settled", record: result.record } : result;
  }

  /** The request's draft was taken back: its record counts as absent, and its key is free. */
  forget(id: string, draftId: string): Promise<Moved> {
    return this.#move(id, (record, time) => decideForget(record, draftId, time));
  }

  /** Notes that the queue has not confirmed the request's message. */
  doubt(id: string): Promise<Moved> {
    return this.#move(id, decideDoubt);
  }

  /**
   * Sets a failed, parked or dead request back to `queued`. Publish its message afterwards.
   * @param generation the failure that is meant: refused when it has been replayed since. Whichever there is, if not given
   * @param by the replay that takes it up, which the record then names
   */
  replay(id: string, generation?: number, by?: string): Promise<Moved> {
    return this.#move(id, (record, time) => decideReplay(record, time, generation, by));
  }

  /** The queue has confirmed the message that a replay or the sweep published. */
  confirm(id: string, generation: number): Promise<Moved> {
    return this.#move(id, (record, time) => decideConfirm(record, generation, time));
  }

  cancel(id: string): Promise<Moved> {
    return this.#move(id, decideCancel);
  }

  /** Gives a request that was not known to have a draft the one that carries its id. */
  adopt(id: string, draft: DraftIds): Promise<Moved> {
    return this.#move(id, (record, time) => decideAdopt(record, draft, time));
  }

  /** A draft may have come of the request that the record does not name: the sweep is to look at it at once. */
  suspect(id: string): Promise<Moved> {
    return this.#move(id, decideSuspect);
  }

  /** The sweep has looked at the record and changed nothing: it is due again later, or never. */
  looked(id: string): Promise<Moved> {
    return this.#move(id, decideLooked);
  }

  /** The sweep could not look: the record is due again a lease later. */
  postpone(id: string): Promise<Moved> {
    return this.#move(id, decidePostpone);
  }

  /** Sets an open request with its body on record back to `queued`. Publish its message afterwards. */
  republish(id: string): Promise<Moved> {
    return this.#move(id, decideRepublish);
  }

  /** Ends an open request whose message no queue can hold any more, and of whose body nothing is on record. */
  expire(id: string, problem: RecordProblem): Promise<Moved> {
    return this.#move(id, (record, time) => decideExpire(record, problem, time));
  }

  /** What the sweep has to look at, the longest due first, and what it is to do with each. */
  async due(limit: number): Promise<readonly Due[]> {
    const nowMs = this.#clock.nowMs();
    const records = await this.#ledger.due(nowMs, limit);
    return records.map((record) => ({ record, step: decideSweep(record, this.#time(nowMs)) }));
  }

  /**
   * The newest records to each of these addresses, at most `RECIPIENTS_ASKED_MAX`, that were created since then; see
   * `Ledger.recentTo`.
   */
  recentTo(addresses: readonly string[], sinceMs: number): Promise<readonly DraftRecord[]> {
    return this.#ledger.recentTo([...new Set(addresses.map(recipientHash))], sinceMs);
  }

  failureGroups(filter: FailureFilter, limit: number): Promise<FailureGroups> {
    return this.#ledger.failureGroups(filter, limit);
  }

  /** The documents of a kind, in the same store as the records. */
  documents<T extends object>(kind: DocumentKind<T>): Documents<T> {
    return new Documents(this.#ledger, kind);
  }

  /** The request's JSON as its record keeps it; null when it does not, or not all of it is there any more. */
  bodyOf(record: DraftRecord): Promise<string | null> {
    return readBody(this.documents(BODY_PARTS), record.id, record);
  }

  async get(id: string): Promise<DraftRecord | null> {
    return (await this.#ledger.get(id))?.record ?? null;
  }

  list(query: ListQuery): Promise<Page> {
    return this.#ledger.list(query);
  }

  countByState(filter: CountFilter = {}): Promise<StateCounts> {
    return this.#ledger.count(filter);
  }

  /** The record now, or once there is one, then after each change, until the signal aborts. See `Ledger.watch`. */
  async *watch(id: string, signal: AbortSignal): AsyncGenerator<DraftRecord> {
    for await (const { record } of this.#ledger.watch(id, signal)) yield record;
  }

  close(): Promise<void> {
    return this.#ledger.close();
  }

  /** Takes ownership. Writes first and reads only if that fails: most requests are met here for the first time. */
  async #begin(
    candidate: DraftRecord,
    acceptedRevision: string | undefined,
    decide: (stored: DraftRecord | null, time: LeaseTime) => ClaimDecision,
  ): Promise<{ kind: "written"; record: DraftRecord; revision: string } | NotClaimed> {
    let stored: Pick<Stored, "record" | "revision" | "nowMs"> | null = null;
    if (acceptedRevision !== undefined)
      stored = { record: candidate, revision: acceptedRevision, nowMs: this.#clock.nowMs() };
    for (let races = 0; races < MAX_RACES; races++) {
      const decision = decide(stored?.record ?? null, this.#time(stored?.nowMs ?? this.#clock.nowMs()));
      if (decision.kind !== "write") return decision;
      const { record } = decision;
      if (stored === null) {
        const result = await this.#ledger.create(record);
        if (result.created) return { kind: "written", record, revision: result.revision };
        stored = result.stored;
      } else {
        const result = await this.#ledger.cas(record.id, stored.revision, record);
        if (result.swapped) return { kind: "written", record, revision: result.revision };
        stored = await this.#ledger.get(record.id);
      }
    }
    throw new LedgerUnavailable("contended", `${MAX_RACES} claims lost in a row`);
  }

  async #withBody(id: string, failure: Failure): Promise<Failure> {
    const kept = await keepBody(this.documents(BODY_PARTS), id, failure.body, this.#clock.nowMs());
    return { ...failure, ...kept };
  }

  /** An owner's write, tried again when the store does not answer: it is known by its fence if it happened after all. */
  async #settle(claim: Claimed, decide: (record: DraftRecord, time: LeaseTime) => OwnerDecision): Promise<Settled> {
    let known: Pick<Stored, "record" | "revision" | "nowMs"> | null = {
      record: claim.record,
      revision: claim.revision,
      nowMs: this.#clock.nowMs(),
    };
    let failures = 0;
    for (let races = 0; races < MAX_RACES; ) {
      try {
        known ??= await this.#ledger.get(claim.record.id);
        if (known === null) return { kind: "fenced-off" };
        const decision = decide(known.record, this.#time(known.nowMs));
        if (decision.kind === "fenced-off") return decision;
        if (decision.kind === "done") return { kind: "settled", record: decision.record };
        const result = await this.#ledger.cas(claim.record.id, known.revision, decision.record);
        if (result.swapped) return { kind: "settled", record: decision.record };
        races++;
      } catch (error) {
        const pauseMs = OWNER_RETRY_MS[failures++];
        if (!(error instanceof LedgerUnavailable) || error.reason === "closed" || pauseMs === undefined) throw error;
        await this.#clock.sleep(pauseMs);
      }
      known = null;
    }
    throw new LedgerUnavailable("contended", `${MAX_RACES} writes lost in a row`);
  }

  async #move(id: string, decide: (record: DraftRecord, time: LeaseTime) => OperatorDecision): Promise<Moved> {
    for (let races = 0; races < MAX_RACES; races++) {
      const stored = await this.#ledger.get(id);
      if (stored === null) return { kind: "absent" };
      const decision = decide(stored.record, this.#time(stored.nowMs));
      if (decision.kind !== "write") return decision;
      const result = await this.#ledger.cas(id, stored.revision, decision.record);
      if (result.swapped) return { kind: "moved", record: decision.record };
    }
    throw new LedgerUnavailable("contended", `${MAX_RACES} writes lost in a row`);
  }

  #time(nowMs: number): LeaseTime {
    return { leaseMs: this.#leaseMs, nowMs };
  }
}
