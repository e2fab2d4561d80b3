import assert from "node:assert/strict";
import type { Call } from "@draftmill/local/google/call-log.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import { INCIDENTS, incidentIdOf } from "@draftmill/shared/incident/incident.ts";
import type { LineFaultHandle } from "../support/tcp-proxy.ts";
import {
  atRest,
  type CrashBench,
  draftCounts,
  endProcess,
  idsOf,
  isEnd,
  prefixOf,
  recoveries,
  until,
} from "./crash-bench.ts";
import { type CrashMode, LINE_POINTS, type LinePoint, STEP_POINTS, type StepPoint } from "./crash-points.ts";
import { ENDS, tell } from "./crash-stories.ts";
import type { FaultStack } from "./fault-stack.ts";
import { mailboxOf } from "./requests.ts";
import { orderStrike, type StrikeKind, withdrawStrike } from "./strike.ts";

/** Published at once; the next follow when these are where they are to be, so that none waits for a busy machine. */
const WAVE = 50;

const KINDS = {
  SIGKILL: "hold",
  exit: "hold",
  throw: "unavailable",
  "throw Error": "broken",
  hang: "hang",
} as const satisfies Record<CrashMode, StrikeKind>;

/** Long enough that whoever takes over has ended before it goes on. */
export function hangMs({ leaseMs }: Pick<CrashBench, "leaseMs">): number {
  return 2 * leaseMs;
}

export function orderFor(
  { stack, leaseMs }: CrashBench,
  mode: CrashMode,
  points: readonly Pick<StepPoint, "name" | "spot">[],
  spared: readonly string[] = [],
): void {
  const at = points.map((point) => ({ spot: point.spot, mailboxes: prefixOf(mode, point) }));
  orderStrike(stack.strikePath, { kind: KINDS[mode], hangMs: hangMs({ leaseMs }), at, spared });
}

/** Every point of a delivery in one mode: all requests to their points, then what the mode says, then the reckoning. */
export async function crashDeliveries(bench: CrashBench, mode: CrashMode): Promise<void> {
  const { stack, seen } = bench;
  const linePoints = LINE_POINTS.filter((point) => isPossible(point, mode));
  // What the mode before has left; whoever was late for that is here by now.
  stack.google.faults.clear();
  orderFor(bench, mode, STEP_POINTS);
  await bringToSteps(bench, mode);
  if (!isEnd(mode)) await atRest(bench);
  const held = new Map<LinePoint, LineFaultHandle>();
  for (const point of linePoints) held.set(point, await bringToLine(bench, mode, point));
  withdrawStrike(stack.strikePath);
  const { endedMs } = await strikeLines(bench, mode, held);
  await atRest(bench);
  const sinceMs = (id: string): number => (isEnd(mode) ? endedMs : (seen.struckMs(id) ?? endedMs));
  const points = [...STEP_POINTS, ...linePoints];
  await conclude(bench, mode, points, sinceMs);
}

/** Notes what became of each point, fails with all that is not as it must be, and has the sweep put the rest right. */
export async function conclude(
  bench: CrashBench,
  mode: CrashMode,
  points: readonly (StepPoint | LinePoint)[],
  sinceMs: (id: string, point: StepPoint | LinePoint) => number,
): Promise<void> {
  const wrong: string[] = [];
  const two: string[] = [];
  for (const point of points) {
    const noted = await note(bench, mode, point, (id) => sinceMs(id, point));
    wrong.push(...noted.wrong);
    two.push(...noted.two);
  }
  assert.deepEqual(wrong, []);
  await untilOne(bench, two);
}

/** A line can lose what it carries or deliver it late; it cannot fail and deliver. */
function isPossible({ lands }: LinePoint, mode: CrashMode): boolean {
  return mode !== "throw Error" && !(lands && !isEnd(mode));
}

/** Those whose story takes a lease all at once, the others one after the other meanwhile. */
async function bringToSteps(bench: CrashBench, mode: CrashMode): Promise<void> {
  const [slow, quick] = [STEP_POINTS.filter(isSlow), STEP_POINTS.filter((point) => !isSlow(point))];
  const bringQuick = async (): Promise<void> => {
    for (const point of quick) await bringToStep(bench, mode, point);
  };
  await Promise.all([bringQuick(), ...slow.map((point) => bringToStep(bench, mode, point))]);
}

function isSlow({ story }: StepPoint): boolean {
  return story === "answer lost";
}

async function bringToStep(bench: CrashBench, mode: CrashMode, point: StepPoint) {
  const { stack, requests, runs, seen } = bench;
  const isThere = (id: string): boolean => seen.struckMs(id) !== undefined;
  const isOnItsWay = (id: string): boolean =>
    !stack.google.faults.pending().some((fault) => fault.mailbox === mailboxOf(id));
  const all = idsOf(mode, point, runs);
  const what = `${mode}, ${point.what}`;
  for (const ids of wavesOf(all)) {
    // Whoever stands still has a lease that runs out, and another delivery that takes over.
    await tell(stack, requests, point.story, ids, mode === "hang" ? 2 : 1);
    await until(bench, what, () => ids.filter((id) => !(isSlow(point) ? isOnItsWay : isThere)(id)));
  }
  await until(bench, what, () => all.filter((id) => !isThere(id)));
}

async function bringToLine({ stack, requests, runs }: CrashBench, mode: CrashMode, point: LinePoint) {
  const { line, side, upon } = point;
  const held = stack.lines[line].fault({ side, upon, times: runs, fault: { kind: "hold" } });
  let told = 0;
  for (const ids of wavesOf(idsOf(mode, point, runs))) {
    await tell(stack, requests, point.story, ids);
    told += ids.length;
    await held.met(told);
  }
  return held;
}

async function strikeLines(bench: CrashBench, mode: CrashMode, held: ReadonlyMap<LinePoint, LineFaultHandle>) {
  if (mode === "hang") await systemClock.sleep(hangMs(bench));
  const { endedMs, back } = isEnd(mode)
    ? endProcess(bench.stack.worker, mode)
    : { endedMs: Date.now(), back: Promise.resolve() };
  for (const [{ lands }, fault] of held) {
    if (lands || mode === "hang") fault.end();
    else fault.drop();
  }
  await back;
  return { endedMs };
}

/** Adds the row of one point to the table. `wrong`: what is not as it must be, in words. `two`: requests with two drafts. */
async function note(
  bench: CrashBench,
  mode: CrashMode,
  point: StepPoint | LinePoint,
  sinceMs: (id: string) => number,
): Promise<{ wrong: readonly string[]; two: readonly string[] }> {
  const { stack, rows, runs } = bench;
  const ids = idsOf(mode, point, runs);
  const end = ENDS[point.story];
  const records = await Promise.all(ids.map((id) => stack.ledger.get(id)));
  const counts = await draftCounts(stack, ids);
  const created = ids.filter((id) => (counts.get(id) ?? 0) > 0).length;
  const two = ids.filter((id) => (counts.get(id) ?? 0) > 1);
  const recoveryMs = recoveries(bench, ids, sinceMs);
  rows.push({
    point: point.what,
    mode,
    runs,
    created,
    explained: runs - created,
    twoForAWhile: two.length,
    recoveryMs,
  });
  const wrong: string[] = [];
  const astray = records.flatMap((record, index) =>
    record?.state === end ? [] : [`${ids[index]} ${record?.state ?? "not on record"}`],
  );
  if (astray.length > 0) wrong.push(`not ${end}: ${astray.join(", ")}`);
  if (created !== (end === "created" ? runs : 0)) wrong.push(`${created} drafts of ${runs} requests`);
  if (point.story === "undelegated") wrong.push(...(await withoutIncident(stack, ids)));
  const unexpected = two.filter((id) => !point.twoForAWhile?.includes(mode) && !landedLate(bench, id));
  if (unexpected.length > 0) wrong.push(`two drafts: ${unexpected.join(", ")}`);
  return { wrong: wrong.map((words) => `${mode}, ${point.what}: ${words}`), two };
}

/**
 * Whoever is parked is taken up when its incident is over: one of which there is none stays for ever. Those that are there
 * are over long ago from here on, so that no sweep of another mode has to ask Google about them.
 */
async function withoutIncident({ ledger }: FaultStack, ids: readonly string[]): Promise<readonly string[]> {
  const incidents = ledger.documents(INCIDENTS);
  const alone: string[] = [];
  for (const id of ids) {
    const incident = incidentIdOf(mailboxOf(id), "DELEGATION_MISSING");
    const there = await incidents.update(incident, (now) => ({ ...now, state: "closed", closedAtMs: 0 }));
    if (there === null) alone.push(id);
  }
  return alone.length === 0 ? [] : [`parked without an incident: ${alone.join(", ")}`];
}

/**
 * On a slow machine a create may land later than its lease by itself (design, section 7). Then each left within the first
 * third of a lease, and somebody looked in the mailbox before there was any draft.
 */
function landedLate({ stack: { google }, seen, leaseMs }: CrashBench, id: string): boolean {
  const firstMs = Math.min(...google.drafts(mailboxOf(id)).map(({ createdAtMs }) => createdAtMs));
  const isLook = (call: Call): boolean => call.operation === "drafts.list" && call.mailbox === mailboxOf(id);
  const isInTime = (leftMs: number): boolean =>
    seen.claimsMs(id).some((claimedMs) => claimedMs <= leftMs && leftMs - claimedMs <= leaseMs / 3 + CLOCK_STEP_MS);
  return seen.leftMs(id).every(isInTime) && google.calls.list().some((call) => isLook(call) && call.timeMs <= firstMs);
}

/** Between two readings of two clocks. */
const CLOCK_STEP_MS = 20;

/** Sweeps until none of the requests has two drafts any more. */
async function untilOne(bench: CrashBench, ids: readonly string[]): Promise<void> {
  await until(bench, "requests with one draft", async () => {
    const left = [...(await draftCounts(bench.stack, ids))].flatMap(([id, count]) => (count > 1 ? [id] : []));
    if (left.length > 0) await bench.stack.sweep();
    return left;
  });
}

export function wavesOf(ids: readonly string[]): readonly (readonly string[])[] {
  const waves: (readonly string[])[] = [];
  for (let at = 0; at < ids.length; at += WAVE) waves.push(ids.slice(at, at + WAVE));
  return waves;
}
