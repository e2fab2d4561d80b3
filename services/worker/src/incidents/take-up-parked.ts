import type { Clock } from "@draftmill/shared/clock.ts";
import type { Incident } from "@draftmill/shared/incident/incident.ts";
import type { Documents } from "@draftmill/shared/ledger/documents.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { newReplay, type Replay } from "@draftmill/shared/replay/replay.ts";
import type { SweepCounts } from "../sweep/sweep-report.ts";

export interface TakeUpDeps {
  readonly ledger: DraftLedger;
  readonly incidents: Documents<Incident>;
  readonly replays: Documents<Replay>;
  readonly clock: Clock;
  readonly leaseMs: number;
}

const PAGE = 200;
/** A delivery that saw the incident open may park its request after it was closed, and after a replay went by. */
const LATE_LEASES = 2;
/** Every request that an incident parked. */
const NO_LIMIT = 1_000_000_000;

/**
 * Orders the replay of what closed incidents have parked, for as long after their closing as a late delivery may add to it.
 */
export async function takeUpParked(deps: TakeUpDeps, signal: AbortSignal): Promise<SweepCounts> {
  const { ledger, incidents, replays, clock, leaseMs } = deps;
  let cursor: string | undefined;
  do {
    const page = await incidents.list(PAGE, cursor);
    for (const { id, mailbox, code, state, closedAtMs } of page.items) {
      if (signal.aborted) return { unfinished: true };
      const sinceMs = clock.nowMs() - (closedAtMs ?? 0);
      if (state === "open" || sinceMs > LATE_LEASES * leaseMs + TAKEN_UP_WITHIN_MS) continue;
      const { groups } = await ledger.failureGroups({ mailbox, code }, 3);
      if (!groups.some((group) => group.state === "parked")) continue;
      const filter = { state: "parked", mailbox, code } as const;
      const replayId = `incident-${id}-${Math.floor(clock.nowMs() / leaseMs)}`;
      await replays.create(newReplay({ id: replayId, filter, limit: NO_LIMIT, caller: null }, clock.nowMs()));
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return {};
}

/** A worker that was down when the incident closed still finds it. */
const TAKEN_UP_WITHIN_MS = 24 * 60 * 60 * 1000;
