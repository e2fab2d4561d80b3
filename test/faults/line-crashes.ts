import assert from "node:assert/strict";
import { systemClock } from "@draftmill/shared/clock.ts";
import { atRest, type CrashBench, endProcess, idsOf, isEnd, until } from "./crash-bench.ts";
import { API_POINTS, type ApiPoint, type CrashMode, type LinePoint, SHARED_LINE_POINTS } from "./crash-points.ts";
import { ENDS, tell } from "./crash-stories.ts";
import { conclude, hangMs } from "./delivery-crashes.ts";
import { mailboxOf } from "./requests.ts";

/** The points at which all requests share one connection of the worker, one after the other. */
export async function crashSharedLines(bench: CrashBench, mode: CrashMode): Promise<void> {
  bench.stack.google.faults.clear();
  const endedMs = new Map<string, number>();
  for (const point of SHARED_LINE_POINTS) endedMs.set(point.name, await crashSharedLine(bench, mode, point));
  await atRest(bench);
  await conclude(bench, mode, SHARED_LINE_POINTS, (_, { name }) => endedMs.get(name) ?? 0);
}

async function crashSharedLine(bench: CrashBench, mode: CrashMode, point: LinePoint): Promise<number> {
  const { stack, requests, runs } = bench;
  const { line, side, upon, story } = point;
  const ids = idsOf(mode, point, runs);
  if (line === "google") {
    // A process that has no token of its own yet.
    await endProcess(stack.worker, "SIGKILL").back;
  }
  const held = stack.lines[line].fault({ side, upon, fault: { kind: "hold" } });
  await tell(stack, requests, story, ids);
  await held.met();
  await until(bench, `${mode}, ${point.what}`, async () => {
    // Refused by Gmail is what is about to be told; without a token nobody has come further than the claim.
    if (story === "refused") {
      const refused = new Set(
        stack.google.calls.list().flatMap(({ status, mailbox }) => (status >= 400 ? mailbox : [])),
      );
      return ids.filter((id) => !refused.has(mailboxOf(id)));
    }
    const records = await Promise.all(ids.map((id) => stack.ledger.get(id)));
    return ids.filter((_, index) => (records[index]?.claims ?? 0) === 0);
  });
  return strike(bench, mode, "worker", held);
}

/** The api between its record and its answer, with a client for each request that asks again until it is answered. */
export async function crashApi(bench: CrashBench, mode: CrashMode): Promise<void> {
  for (const point of API_POINTS) await crashApiAt(bench, mode, point);
}

async function crashApiAt(bench: CrashBench, mode: CrashMode, { what, side, until: there }: ApiPoint): Promise<void> {
  const { stack, requests, runs, rows } = bench;
  const before = (await stack.ledger.countByState())[there];
  const held = stack.lines.publish.fault({ side, fault: { kind: "hold" } });
  const submitted = requests.submitEach(runs);
  await until(bench, `${mode}, ${what}`, async () => {
    const come = (await stack.ledger.countByState())[there] - before;
    return come < runs ? [`${runs - come} ${there}`] : [];
  });
  const endedMs = await strike(bench, mode, "api", held);
  const ids = await submitted;
  const answeredMs = Date.now();
  await atRest(bench);
  const records = await requests.ended(ids);
  assert.ok(records.every(({ state }) => state === ENDS.plain));
  const recoveryMs = [answeredMs - endedMs];
  rows.push({ point: what, mode, runs, created: runs, explained: 0, twoForAWhile: 0, recoveryMs });
}

async function strike(
  bench: CrashBench,
  mode: CrashMode,
  whom: "api" | "worker",
  held: { end(): void; drop(): void },
): Promise<number> {
  if (isEnd(mode)) {
    const { endedMs, back } = endProcess(bench.stack[whom], mode);
    held.drop();
    await back;
    return endedMs;
  }
  if (mode === "hang") {
    await systemClock.sleep(hangMs(bench));
    held.end();
  } else held.drop();
  return Date.now();
}
