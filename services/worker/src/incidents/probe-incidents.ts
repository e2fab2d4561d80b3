import type { Clock } from "@draftmill/shared/clock.ts";
import { toDraftError } from "@draftmill/shared/errors.ts";
import type { Incident } from "@draftmill/shared/incident/incident.ts";
import type { Documents } from "@draftmill/shared/ledger/documents.ts";
import type { Logger } from "@draftmill/shared/log.ts";
import { problemOf } from "../failure-record.ts";
import type { Gmail } from "../gmail/gmail-port.ts";
import type { SweepCounts } from "../sweep/sweep-report.ts";
import { probeDelayMs } from "./probe-delay.ts";

export interface ProbeDeps {
  readonly incidents: Documents<Incident>;
  readonly gmail: Pick<Gmail, "probe">;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly log: Logger;
}

const PAGE = 200;

/** Asks Google about the mailboxes whose incidents are due for it, and closes those that are over. */
export async function probeIncidents(deps: ProbeDeps, signal: AbortSignal): Promise<SweepCounts> {
  let probed = 0;
  let closed = 0;
  let cursor: string | undefined;
  do {
    const page = await deps.incidents.list(PAGE, cursor);
    for (const incident of page.items) {
      if (incident.state === "closed" || incident.probeAtMs > deps.clock.nowMs()) continue;
      if (signal.aborted) return { probed, closed, unfinished: true };
      const taken = await takeProbe(deps, incident);
      if (taken === null) continue;
      probed += 1;
      if (await probe(deps, taken, signal)) closed += 1;
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return { probed, closed };
}

/** Sets the time of the next probe before this one is made: of two sweeps at once only one probes. */
async function takeProbe({ incidents, leaseMs }: ProbeDeps, seen: Incident): Promise<Incident | null> {
  let isOurs = false;
  const taken = await incidents.update(seen.id, (now, nowMs) => {
    isOurs = now.state === "open" && now.probes === seen.probes && now.openedAtMs === seen.openedAtMs;
    if (!isOurs) return null;
    return { ...now, probes: now.probes + 1, probeAtMs: nowMs + probeDelayMs(now.probes + 1, leaseMs) };
  });
  return isOurs ? taken : null;
}

async function probe(deps: ProbeDeps, incident: Incident, signal: AbortSignal): Promise<boolean> {
  const { incidents, gmail, log } = deps;
  try {
    await gmail.probe(incident.mailbox, signal);
  } catch (error) {
    const failure = toDraftError(error);
    log.info({ incident: incident.id, code: failure.code, probes: incident.probes }, "incident.probe-failed");
    // Another thing is wrong by now: that is what whoever mends it has to read.
    if (failure.class === "admin" && failure.code !== incident.problem.code) {
      await incidents.update(incident.id, (now) => ({ ...now, problem: problemOf(failure) }));
    }
    return false;
  }
  let isOver = false;
  await incidents.update(incident.id, (now, nowMs) => {
    isOver = now.state === "open";
    return isOver ? { ...now, state: "closed", closedAtMs: nowMs, closedBy: "probe" } : null;
  });
  if (isOver) log.info({ incident: incident.id, code: incident.code, closedBy: "probe" }, "incident.closed");
  return isOver;
}
