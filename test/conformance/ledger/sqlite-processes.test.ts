import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { systemClock } from "@draftmill/shared/clock.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { aRecord } from "./a-record.ts";
import { aDatabasePath } from "./sqlite-store.ts";

const CHILD = fileURLToPath(new URL("claiming-child.ts", import.meta.url));

type Child = ChildProcessByStdio<null, Readable, null>;

function startChild(t: TestContext, path: string, count: number, name: string, limits = "true"): Child {
  const args = [process.execPath, CHILD, `sqlite:${path}`, String(count), name];
  const shell = ["-c", `${limits} && exec "$@"`, "sh", ...args];
  const child = spawn("/bin/sh", shell, { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

async function linesOf(child: Child, each: (line: string, count: number) => void = () => {}): Promise<string[]> {
  const lines: string[] = [];
  const exited = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    each(line, lines.length);
  }
  await exited;
  return lines;
}

async function openDrafts(t: TestContext, path: string): Promise<DraftLedger> {
  const store = await openLedger(`sqlite:${path}`, { clock: systemClock });
  t.after(() => store.close());
  return new DraftLedger(store, { clock: systemClock });
}

test("kill -9 loses nothing that was answered and leaves nothing by halves", { timeout: 60_000 }, async (t) => {
  const path = await aDatabasePath(t);
  const claimed = new Set<string>();
  const completed = new Set<string>();
  for (let round = 0; round < 5; round++) {
    const child = startChild(t, path, 100_000, `child${round}`);
    // After an odd and after an even number of lines: between the two writes of a request, and between requests.
    const lines = await linesOf(child, (_, count) => {
      if (count === 40 + round) child.kill("SIGKILL");
    });
    assert.equal(child.signalCode, "SIGKILL");
    for (const line of lines) {
      const [what, id] = line.split(" ");
      (what === "completed" ? completed : claimed).add(`request-${id}`);
    }
  }
  const ledger = await openDrafts(t, path);
  assert.ok(completed.size >= 80);
  for (const id of claimed) {
    const record = await ledger.get(id);
    assert.ok(record, `${id} was answered, then lost`);
    if (completed.has(id)) assert.equal(record.state, "created");
    assert.equal(record.state === "created", record.draftId !== null);
    assert.equal(record.state === "processing", record.claimedAtMs !== null);
    assert.equal(record.fence, 1);
  }
});

test("four processes on one file: each request is claimed once", { timeout: 60_000 }, async (t) => {
  const path = await aDatabasePath(t);
  const children = ["a", "b", "c", "d"].map((name) => startChild(t, path, 200, name));
  const lines = (await Promise.all(children.map((child) => linesOf(child)))).flat();
  assert.deepEqual(
    children.map(({ exitCode }) => exitCode),
    [0, 0, 0, 0],
  );
  assert.equal(lines.filter((line) => line.startsWith("claimed")).length, 200);
  assert.equal(new Set(lines).size, 400);
  const ledger = await openDrafts(t, path);
  assert.equal((await ledger.countByState()).created, 200);
});

test("a watcher sees what another process writes", { timeout: 60_000 }, async (t) => {
  const path = await aDatabasePath(t);
  const ledger = await openDrafts(t, path);
  const child = startChild(t, path, 1, "a");
  const exited = linesOf(child);
  for await (const record of ledger.watch("request-0", AbortSignal.timeout(30_000))) {
    if (record.state !== "created") continue;
    assert.equal(record.draftId, "r-a-0");
    break;
  }
  assert.equal((await exited).length, 2);
});

test("a disk that takes no more is an error, costs nothing answered, and is got over", {
  timeout: 60_000,
}, async (t) => {
  const path = await aDatabasePath(t);
  // The write-ahead log is checkpointed at 4 MB, so a file size limit below that strikes in the middle of a commit.
  const lines = await linesOf(startChild(t, path, 100_000, "a", "ulimit -f 2000"));
  assert.equal(lines.at(-1), "unavailable io");
  const completed = lines.filter((line) => line.startsWith("completed"));
  assert.ok(completed.length > 10);
  const ledger = await openDrafts(t, path);
  for (const line of completed) assert.equal((await ledger.get(`request-${line.split(" ")[1]}`))?.state, "created");
  assert.equal((await ledger.countByState()).created, completed.length);
  assert.equal((await ledger.claim(aRecord({ id: "after" }))).kind, "claimed");
});

test("whoever opens a new file at the same moment gets it", { timeout: 60_000 }, async (t) => {
  const OPENERS = 6;
  for (let round = 0; round < 10; round++) {
    const path = await aDatabasePath(t);
    // Threads, as these can be let go at one moment; to SQLite each is a connection of its own.
    const gate = new Int32Array(new SharedArrayBuffer(8));
    const openers = Array.from(
      { length: OPENERS },
      () => new Worker(new URL("opening-thread.ts", import.meta.url), { workerData: { path, gate } }),
    );
    const outcomes = openers.map(async (opener): Promise<unknown> => (await once(opener, "message"))[0]);
    while (Atomics.load(gate, 0) < OPENERS) await new Promise((turn) => setImmediate(turn));
    Atomics.store(gate, 1, 1);
    Atomics.notify(gate, 1);
    assert.deepEqual(
      await Promise.all(outcomes),
      Array.from({ length: OPENERS }, () => "opened"),
    );
    await Promise.all(openers.map((opener) => opener.terminate()));
  }
});
