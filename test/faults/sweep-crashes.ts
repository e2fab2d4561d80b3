import { newReplay, REPLAYS } from "@draftmill/shared/replay/replay.ts";
import { atRest, type CrashBench, endProcess, idsOf, isEnd, prefixOf, until } from "./crash-bench.ts";
import { type CrashMode, REPLAY_POINTS, SWEEP_POINTS, type SweepPoint } from "./crash-points.ts";
import { leave } from "./crash-seeds.ts";
import { orderFor } from "./delivery-crashes.ts";
import { mailboxOf } from "./requests.ts";
import { withdrawStrike } from "./strike.ts";

/** As many mailboxes as a sweep is in at once, and as many rows as a replay takes up at once. */
const SWEPT_AT_ONCE = 8;
const REPLAYED_AT_ONCE = 10;

export async function crashSweeps(bench: CrashBench, mode: CrashMode): Promise<void> {
  await leaveAll(bench, mode, SWEEP_POINTS);
  await strikeSweeps(bench, mode, SWEEP_POINTS, SWEPT_AT_ONCE);
  await putRight(bench, mode, SWEEP_POINTS);
}

/** A replay that a sweep carries out. No push arrives meanwhile: a claim would do what the replay is about to record. */
export async function crashReplays(bench: CrashBench, mode: CrashMode): Promise<void> {
  const { stack } = bench;
  await leaveAll(bench, mode, REPLAY_POINTS);
  const held = stack.lines.push.fault({ side: "request", upon: "POST /push", fault: { kind: "hold" } });
  const [batch = ""] = prefixOf(mode, { name: "" }).split(".");
  const replay = newReplay({ id: `crash-${batch}`, filter: { batch }, limit: 1_000, caller: null }, Date.now());
  await stack.ledger.documents(REPLAYS).create(replay);
  await strikeSweeps(bench, mode, REPLAY_POINTS, REPLAYED_AT_ONCE);
  held.end();
  await putRight(bench, mode, REPLAY_POINTS);
}

async function leaveAll(bench: CrashBench, mode: CrashMode, points: readonly SweepPoint[]): Promise<void> {
  await Promise.all(points.map((point) => leave(bench, point.find, idsOf(mode, point, sweepRunsOf(bench, mode)))));
  await atRest(bench);
}

/** Sweeps until every record has been struck: one kill after the other, or as many sweeps at once as stand still. */
async function strikeSweeps(bench: CrashBench, mode: CrashMode, points: readonly SweepPoint[], atOnce: number) {
  const { stack, seen } = bench;
  const ids = points.flatMap((point) => idsOf(mode, point, sweepRunsOf(bench, mode)));
  const left = (): readonly string[] => ids.filter((id) => seen.struckMs(id) === undefined);
  const underWay: Promise<void>[] = [];
  for (let before = left(); before.length > 0; before = left()) {
    const spared = isEnd(mode) ? ids.filter((id) => !before.includes(id)).map(mailboxOf) : [];
    orderFor(bench, mode, points, spared);
    const rest = Math.max(0, before.length - atOnce);
    const sweeping = sweepUntil(bench, () => left().length <= rest);
    await until(bench, `${mode}, ${points[0]?.what} and the like`, () => left().slice(rest));
    if (isEnd(mode)) await endProcess(stack.worker, mode).back;
    if (mode === "hang") underWay.push(sweeping);
    else await sweeping;
  }
  withdrawStrike(stack.strikePath);
  await Promise.all(underWay);
}

/** A sweep that only fails is over at once, and the next one comes to other records. */
function sweepRunsOf({ runs, sweepRuns }: CrashBench, mode: CrashMode): number {
  return mode === "throw" || mode === "throw Error" ? runs : sweepRuns;
}

/** A sweep that fails is followed by another, as each minute. */
async function sweepUntil({ stack, over }: CrashBench, holds: () => boolean): Promise<void> {
  do await stack.sweep().catch(() => {});
  while (!holds() && !over.aborted);
}

/** Sweeps until each has one draft, the one that its record names. */
async function putRight(bench: CrashBench, mode: CrashMode, points: readonly SweepPoint[]): Promise<void> {
  const { stack, rows, seen } = bench;
  const runs = sweepRunsOf(bench, mode);
  const struckUntilMs = Date.now();
  const ids = points.flatMap((point) => idsOf(mode, point, runs));
  const endedMs = new Map<string, number>();
  await until(bench, `${mode}, sweeps put right`, async () => {
    await stack.sweep();
    for (const id of ids) if (!endedMs.has(id) && (await isRight(bench, id))) endedMs.set(id, Date.now());
    return ids.filter((id) => !endedMs.has(id));
  });
  for (const point of points) {
    const own = idsOf(mode, point, runs);
    const recoveryMs = own.map(
      (id) => (endedMs.get(id) ?? 0) - (isEnd(mode) ? struckUntilMs : (seen.struckMs(id) ?? 0)),
    );
    rows.push({ point: point.what, mode, runs, created: runs, explained: 0, twoForAWhile: 0, recoveryMs });
  }
}

async function isRight({ stack }: CrashBench, id: string): Promise<boolean> {
  const record = await stack.ledger.get(id);
  const drafts = stack.google.drafts(mailboxOf(id));
  return record?.state === "created" && drafts.length === 1 && drafts[0]?.id === record.draftId;
}
