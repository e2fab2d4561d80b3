import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { createBackoffPacer } from "@draftmill/worker/pacer.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const A = "a@corp.example";
const B = "b@corp.example";

/** How long each of several requests waits for its turn, in milliseconds, by a clock that is moved on for them. */
async function waits(clock: ManualClock, admissions: readonly Promise<void>[]): Promise<number[]> {
  const startedMs = clock.monotonicMs();
  const times = admissions.map(async (admission) => {
    await admission;
    return clock.monotonicMs() - startedMs;
  });
  // Who need not wait at all is through before the clock moves.
  await turn();
  await clock.advance(1_000_000);
  return Promise.all(times);
}

function setUp(random = 0) {
  const clock = new ManualClock();
  const pacer = createBackoffPacer(clock, () => random);
  const { signal } = new AbortController();
  const wait = async (mailbox = A): Promise<number> => (await waits(clock, [pacer.admit(mailbox, signal)]))[0] ?? -1;
  return { clock, pacer, signal, wait };
}

test("nobody waits before a refusal", async () => {
  const { wait } = setUp();
  assert.equal(await wait(), 0);
});

test("waits a second after the first refusal, twice as long after each one that follows, never above 64 s", async () => {
  const { pacer, wait } = setUp();
  const waited: number[] = [];
  for (let refusals = 0; refusals < 9; refusals += 1) {
    pacer.refused(A, undefined);
    waited.push(await wait());
  }
  assert.deepEqual(waited, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 64_000, 64_000]);
});

test("a time that Gmail names is a lower bound, however long", async () => {
  const { pacer, wait } = setUp();
  pacer.refused(A, 300_000);
  assert.equal(await wait(), 300_000);
  pacer.refused(A, 10);
  assert.equal(await wait(), 2_000);
});

test("requests that were in flight together and refused together count as one refusal", async () => {
  const { clock, pacer, wait } = setUp();
  for (let index = 0; index < 50; index += 1) pacer.refused(A, undefined);
  assert.equal(await wait(), 1_000);
  pacer.refused(A, undefined);
  assert.equal(await wait(), 2_000, "and the next one as the second");
  pacer.refused(A, undefined);
  await clock.advance(1_000);
  pacer.refused(A, 60_000);
  assert.equal(await wait(), 60_000, "but a longer time that Gmail names in the meantime holds");
});

test("a success ends the pause and forgets the refusals", async () => {
  const { pacer, wait } = setUp();
  pacer.refused(A, undefined);
  await wait();
  pacer.refused(A, undefined);
  pacer.succeeded(A);
  assert.equal(await wait(), 0);
  pacer.refused(A, undefined);
  assert.equal(await wait(), 1_000);
});

test("one mailbox's pause is no other's", async () => {
  const { pacer, wait } = setUp();
  pacer.refused(A, 60_000);
  assert.equal(await wait(B), 0);
});

test("who is asleep when the pause grows longer sleeps on", async () => {
  const { clock, pacer, signal } = setUp();
  pacer.refused(A, undefined);
  const admission = pacer.admit(A, signal);
  await clock.sleeping(1_000);
  await clock.advance(500);
  pacer.refused(A, 10_000);
  assert.deepEqual(await waits(clock, [admission]), [10_000]);
});

test("those that wait do not leave all at once, and none leaves early", async () => {
  const clock = new ManualClock();
  let calls = 0;
  const pacer = createBackoffPacer(clock, () => (calls++ % 10) / 10);
  const { signal } = new AbortController();
  pacer.refused(A, undefined);
  const times = await waits(
    clock,
    Array.from({ length: 20 }, () => pacer.admit(A, signal)),
  );
  assert.equal(new Set(times).size, 10);
  assert.ok(Math.min(...times) >= 1_000 && Math.max(...times) <= 1_100, String(times));
});

test("a wait ends with the signal's reason as soon as it aborts, also when it had aborted before", async () => {
  const { clock, pacer } = setUp();
  const stop = new AbortController();
  pacer.refused(A, undefined);
  const admission = pacer.admit(A, stop.signal);
  await clock.sleeping(1_000);
  stop.abort(new Error("stopping"));
  await assert.rejects(admission, /stopping/);
  assert.equal(clock.sleepers, 0);
  await assert.rejects(pacer.admit(B, stop.signal), /stopping/);
});
