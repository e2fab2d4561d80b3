import type { DraftView } from "../draft-view.ts";
import type { Client } from "./client.ts";
import type { Terminal } from "./terminal.ts";

/** The most that the service holds an answer, and what a call with it may take. */
const WAIT_SECONDS = 30;
const DEADLINE_MS = 60_000;

/** The record of a request once it has ended, for as long as that takes; at once when it is not due for some time. */
export async function settledDraft(client: Client, id: string, { clock, signal }: Terminal): Promise<DraftView> {
  for (;;) {
    const startedMs = clock.monotonicMs();
    const record = await client.call<DraftView>({
      operation: "getDraft",
      id,
      headers: { prefer: `wait=${WAIT_SECONDS}` },
      deadlineMs: DEADLINE_MS,
    });
    const isOpen = record.status === "queued" || record.status === "processing";
    if (!isOpen || record.note === "scheduled") return record;
    // A service that answers at once must not be asked all the time.
    await clock.sleep(Math.max(0, 1_000 - (clock.monotonicMs() - startedMs)), signal);
  }
}
