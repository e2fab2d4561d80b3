import type { BatchView } from "../../batches/batch-view.ts";
import { orGoOn } from "../cli-error.ts";
import type { Client } from "../client.ts";
import type { ExitCode } from "../command.ts";
import type { Terminal } from "../terminal.ts";
import { batchLine, batchScreen } from "./batch-lines.ts";
import { type LiveLines, liveLines } from "./live-lines.ts";
import { createPace } from "./pace.ts";

/** What a look costs the service grows with the batch's mailboxes, and a person sees no more than this. */
const LOOK_EVERY_MS = 1_000;
const PATIENT_EVERY_MS = 3_000;
const IMPATIENT_LOOKS = 20;
/** An import that nobody has gone on with for so long has been cut off. */
const INCOMPLETE_MS_MAX = 60_000;

/** Looks at a batch until nothing more becomes of it by itself; returns how it is then. Ctrl-C ends the looking, not the batch. */
export async function followBatch(
  client: Client,
  id: string,
  terminal: Terminal,
  isOver: (batch: BatchView, idleMs: number) => boolean = hasEnded,
): Promise<BatchView> {
  const live = liveLines(terminal.stderr, terminal);
  const goOn = (): string => `it goes on without you; to look again: draftmill watch ${id}`;
  try {
    return await orGoOn(goOn, () => looking(client, id, terminal, live, isOver));
  } finally {
    await live.end(true).catch(() => {});
  }
}

async function looking(
  client: Client,
  id: string,
  { clock, stderr, signal }: Terminal,
  live: LiveLines,
  isOver: (batch: BatchView, idleMs: number) => boolean,
): Promise<BatchView> {
  const pace = createPace();
  let movedMs = clock.monotonicMs();
  let before = "";
  for (let look = 1; ; look++) {
    const batch = await client.call<BatchView>({ operation: "getBatch", id });
    const nowMs = clock.monotonicMs();
    const { total, counts } = batch;
    pace.note(nowMs, total - counts.queued - counts.processing);
    const state = JSON.stringify([total, counts]);
    if (state !== before) movedMs = nowMs;
    before = state;
    const perSecond = pace.perSecond();
    await live.show(batchScreen(batch, perSecond, stderr.columns()), batchLine(batch, perSecond));
    if (isOver(batch, nowMs - movedMs)) return batch;
    await clock.sleep(look <= IMPATIENT_LOOKS ? LOOK_EVERY_MS : PATIENT_EVERY_MS, signal);
  }
}

/** Whether nothing more comes of it: all has ended, or waits for somebody. */
export function hasEnded({ status, counts, undo }: BatchView, idleMs: number): boolean {
  if (undo !== null && undo.finishedAt === null) return false;
  if (status === "finished") return true;
  if (status === "incomplete") return idleMs >= INCOMPLETE_MS_MAX;
  // What a pause has set aside goes on when somebody resumes it.
  return status !== "paused" && counts.queued + counts.processing === 0;
}

/** 3 when some of it became no draft. */
export function exitCodeOf({ status, counts }: BatchView): ExitCode {
  return status === "incomplete" || counts.failed + counts.dead + counts.parked > 0 ? 3 : 0;
}
