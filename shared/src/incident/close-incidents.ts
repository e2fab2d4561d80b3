import type { Documents } from "../ledger/documents.ts";
import type { ReplayFilter } from "../replay/replay.ts";
import type { Incident } from "./incident.ts";

const PAGE = 200;

/**
 * Closes the open incidents whose parked requests a replay is for: whoever orders it says that the matter is mended. One
 * that is not opens again with the first request that meets it. Returns how many were closed.
 */
export async function closeIncidentsFor(incidents: Documents<Incident>, filter: ReplayFilter): Promise<number> {
  if (filter.batch !== undefined || (filter.state !== undefined && filter.state !== "parked")) return 0;
  let closed = 0;
  let cursor: string | undefined;
  do {
    const page = await incidents.list(PAGE, cursor);
    for (const { id, state, mailbox, code } of page.items) {
      if (state === "closed") continue;
      if (filter.mailbox !== undefined && filter.mailbox !== mailbox) continue;
      if (filter.code !== undefined && filter.code !== code) continue;
      await incidents.update(id, (now, nowMs) =>
        now.state === "open" ? { ...now, state: "closed", closedAtMs: nowMs, closedBy: "replay" } : null,
      );
      closed += 1;
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return closed;
}
