import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { toDraftError } from "@draftmill/shared/errors.ts";
import { createAdaptivePacer } from "@draftmill/worker/pacing/adaptive-pacer.ts";
import type { Admission, Refusal, Turn } from "@draftmill/worker/pacing/pacer.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const A = "a@corp.example";
const B = "b@corp.example";
const QUOTA = 6_000;
const RATE: Refusal = { limit: "rate", retryAfterMs: undefined };
const CONCURRENCY: Refusal = { limit: "concurrency", retryAfterMs: undefined };

function setUp({ random = () => 0 }: { random?: () => number } = {}) {
  const clock = new ManualClock();
  const pacer = createAdaptivePacer({ clock, random, unitsPerMinuteMax: QUOTA });
  const forever = new AbortController().signal;
  const admitOnce = (changes: Partial<Turn> = {}, signal = forever): Promise<Admission> =>
    pacer.admit({ mailbox: A, line: null, units: 10, ...changes }, signal);
  /** Comes again whenever it is sent back, as a message does that is published again. */
  const admit = async (changes: Partial<Turn> = {}, signal = forever): Promise<Admission> => {
    for (;;) {
      try {
        return await admitOnce(changes, signal);
      } catch (error) {
        if (toDraftError(error).code !== "GMAIL_THROTTLED") throw error;
      }
    }
  };
  /** Waits for a turn, moving the clock on, and tells how long that took. */
  const wait = async (changes: Partial<Turn> = {}) => {
    const startedMs = clock.monotonicMs();
    const admission = admit(changes);
    let isIn = false;
    admission.then(
      () => {
        isIn = true;
      },
      () => {},
    );
    for (await turn(); !isIn; await turn()) await clock.advance(1);
    return { admission: await admission, ms: clock.monotonicMs() - startedMs };
  };
  return { clock, pacer, admit, admitOnce, wait };
}

/** Admits as many at once, serves each after `callMs`, and tells when each was admitted, in milliseconds from now. */
async function run(
  { clock, admit }: ReturnType<typeof setUp>,
  turns: readonly Partial<Turn>[],
  { callMs = 300, forMs = 300_000 } = {},
): Promise<number[]> {
  const startedMs = clock.monotonicMs();
  const times: number[] = [];
  for (const [index, changes] of turns.entries()) {
    void admit(changes).then(async (admission) => {
      times[index] = clock.monotonicMs() - startedMs;
      await clock.sleep(callMs);
      admission.served();
    });
  }
  await turn();
  await clock.advance(forMs);
  return times;
}

const many = (count: number, changes: Partial<Turn> = {}): Partial<Turn>[] =>
  Array.from({ length: count }, () => changes);
const within = (times: readonly number[], fromMs: number, toMs: number): number =>
  times.filter((ms) => ms >= fromMs && ms < toMs).length;

describe("before a refusal", () => {
  it("the first request of a mailbox does not wait, those behind it go twice as fast each second", async () => {
    const times = await run(setUp(), many(80));
    assert.equal(times[0], 0);
    assert.deepEqual(
      [0, 1_000, 2_000, 3_000, 4_000].map((ms) => within(times, ms, ms + 1_000)),
      [3, 6, 12, 23, 36],
    );
  });

  it("never more than the quota in a minute, and as much as the quota in each one", async () => {
    const times = await run(setUp(), many(2_000));
    const perMinute = [0, 60_000, 120_000].map((ms) => within(times, ms, ms + 60_000));
    for (const drafts of perMinute) assert.ok(drafts > 590 && drafts <= 606, String(perMinute));
    for (let fromMs = 0; fromMs < 120_000; fromMs += 1_000) {
      const drafts = within(times, fromMs, fromMs + 60_000);
      assert.ok(drafts <= 606, `${drafts} from ${fromMs} ms on`);
    }
  });

  it("batches leave a hundredth of the minute to a request that comes alone", async () => {
    const world = setUp();
    const batch = run(world, many(700, { line: "batch" }), { forMs: 45_000 });
    const times = await batch;
    assert.ok(within(times, 0, 45_000) <= 594);
    assert.ok((times.findLast((ms) => ms !== undefined) ?? 0) < 30_000, "the batch has not used its part up");
    assert.ok((await world.wait()).ms < 1_000, "the request that comes alone had to wait");
  });

  it("what was never called costs no time", async () => {
    const { wait } = setUp();
    for (let n = 0; n < 50; n += 1) {
      const { admission, ms } = await wait();
      assert.equal(ms, 0);
      admission.unused();
    }
  });

  it("calls that did not wait are counted: whoever waits waits the longer", async () => {
    const { pacer, wait } = setUp();
    pacer.spend(A, 300);
    const { ms } = await wait();
    assert.ok(ms > 3_000, `${ms} ms`);
    assert.equal((await wait({ mailbox: B })).ms, 0);
  });

  it("a call of 20 units keeps the next one waiting for longer than one of 5", async () => {
    const afterOf = async (units: number): Promise<number> => {
      const { wait } = setUp();
      (await wait({ units })).admission.served();
      return (await wait()).ms;
    };
    assert.ok((await afterOf(20)) > 2 * (await afterOf(5)));
  });
});

describe("after a refusal", () => {
  it("a pause, then one request that tries; refused again, a longer pause", async () => {
    const { wait } = setUp();
    (await wait()).admission.refused(RATE);
    const waited: number[] = [];
    for (let refusals = 0; refusals < 4; refusals += 1) {
      const { admission, ms } = await wait();
      waited.push(ms);
      admission.refused(RATE);
    }
    assert.deepEqual(waited, [2_000, 4_000, 6_000, 6_000]);
  });

  it("the rest of the mailbox's first minute, where a run of calls began it and the first try is refused again", async () => {
    const { clock, wait } = setUp();
    const openedMs = clock.monotonicMs();
    for (let served = 0; served < 10; served += 1) (await wait()).admission.served();
    (await wait()).admission.refused(RATE);
    const { admission, ms } = await wait();
    assert.equal(ms, 2_000);
    admission.refused(RATE);
    await wait();
    assert.equal(clock.monotonicMs() - openedMs, 52_000);
  });

  it("nobody else goes while one tries; once it is served the others follow", async () => {
    const { clock, admit, wait } = setUp();
    (await wait()).admission.refused(RATE);
    const { admission } = await wait();
    let others = 0;
    const waiting = [admit(), admit()].map((each) =>
      each.then((next) => {
        others += 1;
        next.served();
      }),
    );
    await clock.advance(30_000);
    assert.equal(others, 0);
    admission.served();
    await clock.advance(5_000);
    await Promise.all(waiting);
    (await wait()).admission.refused(RATE);
    assert.equal((await wait()).ms, 2_000, "the pause after a success is the first again");
  });

  it("a time that Gmail names is a lower bound, however long", async () => {
    const { wait } = setUp({ random: () => 0.5 });
    (await wait()).admission.refused({ ...RATE, retryAfterMs: 300_000 });
    const first = await wait();
    assert.ok(first.ms >= 300_000 && first.ms < 301_000, `${first.ms} ms`);
    first.admission.refused({ ...RATE, retryAfterMs: 10 });
    const second = await wait();
    assert.ok(second.ms >= 4_000 && second.ms < 6_000, `${second.ms} ms`);
  });

  it("requests that were under way together and refused together count as one refusal", async () => {
    const world = setUp();
    await run(world, many(300));
    const flight = await Promise.all(Array.from({ length: 5 }, () => world.wait()));
    for (const { admission } of flight) admission.refused(RATE);
    const { admission, ms } = await world.wait();
    assert.equal(ms, 2_000);
    admission.refused(RATE);
    assert.equal((await world.wait()).ms, 4_000, "and the next one as the second");
  });

  it("but a longer time that one of them names holds, also for those that wait already", async () => {
    const { clock, wait, admit } = setUp();
    const flight = [(await wait()).admission, (await wait()).admission];
    flight[0]?.refused(RATE);
    const refusedMs = clock.monotonicMs();
    const waiting = admit();
    flight[1]?.refused({ ...RATE, retryAfterMs: 60_000 });
    await clock.advance(59_999);
    let isIn = false;
    void waiting.then(() => {
      isIn = true;
    });
    await turn();
    assert.equal(isIn, false);
    await clock.advance(1);
    await waiting;
    assert.equal(clock.monotonicMs() - refusedMs, 60_000);
  });

  it("a success of a call that left before the refusal ends no pause", async () => {
    const { wait } = setUp();
    const before = (await wait()).admission;
    (await wait()).admission.refused(RATE);
    before.served();
    const { admission, ms } = await wait();
    assert.equal(ms, 2_000);
    admission.refused(RATE);
    assert.equal((await wait()).ms, 4_000);
  });

  it("instances that were refused together do not come back together, and none comes early", async () => {
    let chances = 0;
    const waited = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const chance = chances++ / 10;
        const { wait } = setUp({ random: () => chance });
        (await wait()).admission.refused(RATE);
        return (await wait()).ms;
      }),
    );
    assert.equal(new Set(waited).size, 10);
    assert.ok(Math.min(...waited) >= 2_000 && Math.max(...waited) <= 2_800, String(waited));
  });

  it("one mailbox's pause is no other's", async () => {
    const { wait } = setUp();
    (await wait()).admission.refused({ ...RATE, retryAfterMs: 60_000 });
    assert.equal((await wait({ mailbox: B })).ms, 0);
  });

  it("the request that was refused goes before those that have waited", async () => {
    const { clock, admit, wait } = setUp();
    (await wait()).admission.refused(RATE);
    const order: string[] = [];
    const note = (name: string) => (admission: Admission) => {
      order.push(name);
      admission.served();
    };
    const waiting = [admit().then(note("first come")), admit({ isAgain: true }).then(note("refused"))];
    await clock.advance(10_000);
    await Promise.all(waiting);
    assert.deepEqual(order, ["refused", "first come"]);
  });
});

describe("a long pause", () => {
  /** As many wait as told, in an order that is kept; tells who was sent back. */
  const waiting = ({ admitOnce }: ReturnType<typeof setUp>, count: number) => {
    const sentBack: number[] = [];
    const admitted: Admission[] = [];
    for (let n = 0; n < count; n += 1) {
      admitOnce().then(
        (admission) => admitted.push(admission),
        (error) => {
          assert.equal(error.code, "GMAIL_THROTTLED");
          sentBack.push(n);
        },
      );
    }
    return { sentBack, admitted };
  };
  const LONG = { ...RATE, retryAfterMs: 301_000 };

  it("sends twenty of those that wait back, and holds the others until it is over", async () => {
    const world = setUp();
    const { admission } = await world.wait();
    const { sentBack, admitted } = waiting(world, 30);
    admission.refused(LONG);
    await turn();
    assert.deepEqual(
      sentBack,
      Array.from({ length: 20 }, (_, n) => n),
    );
    await world.clock.advance(301_000);
    assert.deepEqual([sentBack.length, admitted.length], [20, 1]);
  });

  it("sends back those that come while it lasts, too", async () => {
    const world = setUp();
    (await world.wait()).admission.refused(LONG);
    const { sentBack } = waiting(world, 30);
    await turn();
    assert.equal(sentBack.length, 20);
  });

  it("counts as one when it is prolonged, and twenty are sent back in ten minutes at most", async () => {
    const world = setUp();
    (await world.wait()).admission.refused(LONG);
    const first = waiting(world, 21);
    await world.clock.advance(301_000);
    first.admitted[0]?.refused(LONG);
    const second = waiting(world, 5);
    await world.clock.advance(301_000);
    assert.equal(second.sentBack.length, 0);
    second.admitted[0]?.refused(LONG);
    await world.clock.advance(1);
    assert.equal(second.sentBack.length, 4);
  });

  it("is also what short ones without a success in between come to", async () => {
    const world = setUp();
    (await world.wait()).admission.refused(RATE);
    (await world.wait()).admission.served();
    (await world.wait()).admission.refused(RATE);
    const before = waiting(world, 1);
    await turn();
    assert.equal(before.sentBack.length, 0);
    await world.clock.advance(2_000);
    before.admitted[0]?.refused(RATE);
    for (let n = 0; n < 2; n += 1) (await world.wait()).admission.refused(RATE);
    const { sentBack } = waiting(world, 3);
    await turn();
    assert.equal(sentBack.length, 3);
  });

  it("of one mailbox sends nobody back who waits for another", async () => {
    const world = setUp();
    (await world.wait()).admission.refused(LONG);
    assert.equal((await world.wait({ mailbox: B })).ms, 0);
  });
});

describe("when too many calls run at once", () => {
  it("fewer run, and the speed stays as it is", async () => {
    const world = setUp();
    await run(world, many(100));
    const flight = await Promise.all(Array.from({ length: 8 }, () => world.wait()));
    flight[0]?.admission.refused(CONCURRENCY);
    for (const { admission } of flight.slice(1)) admission.served();
    (await world.wait()).admission.served();
    let running = 0;
    let runningMax = 0;
    for (let n = 0; n < 60; n += 1) {
      void world.admit().then(async (admission) => {
        running += 1;
        runningMax = Math.max(runningMax, running);
        await world.clock.sleep(1_000);
        running -= 1;
        admission.served();
      });
    }
    await world.clock.advance(25_000);
    assert.equal(runningMax, 6);
    assert.equal(running, 0, "sixty calls of a second, six at a time, take ten");
  });

  it("one at a time is the least", async () => {
    const { wait } = setUp();
    (await wait()).admission.refused(CONCURRENCY);
    const { admission, ms } = await wait();
    assert.equal(ms, 500, "a shorter pause than one for speed");
    admission.served();
  });
});

describe("a wait", () => {
  it("ends with the signal's reason as soon as it aborts, also when it had aborted before, and leaves nothing", async () => {
    const { clock, admit, wait } = setUp();
    const stop = new AbortController();
    (await wait()).admission.refused({ ...RATE, retryAfterMs: 3_600_000 });
    const waiting = [admit({}, stop.signal), admit({}, stop.signal)];
    await clock.sleeping(3_600_000);
    stop.abort(new Error("stopping"));
    for (const each of waiting) await assert.rejects(each, /stopping/);
    assert.equal(clock.sleepers, 0);
    await assert.rejects(admit({ mailbox: B }, stop.signal), /stopping/);
  });

  it("that is given up costs those behind it no turn", async () => {
    const { clock, admit, wait } = setUp();
    (await wait()).admission.served();
    const stop = new AbortController();
    const given = assert.rejects(admit({}, stop.signal));
    const behind = admit();
    stop.abort();
    await given;
    await clock.advance(760);
    (await behind).served();
  });
});

describe("what is known of mailboxes", () => {
  it("is bounded, however many there are", async () => {
    const { pacer, wait } = setUp();
    for (let n = 0; n < 100_000; n += 1) {
      const admission = await pacer.admit(
        { mailbox: `user${n}@corp.example`, line: null, units: 10 },
        new AbortController().signal,
      );
      admission.served();
    }
    assert.ok(pacer.mailboxes <= 10_001, `${pacer.mailboxes} mailboxes`);
    assert.equal((await wait()).ms, 0);
  });

  it("is forgotten two minutes after the last use, but not while somebody waits or Gmail wants to be left alone", async () => {
    const { clock, pacer, wait, admit } = setUp();
    for (let n = 0; n < 100; n += 1) (await wait({ mailbox: `user${n}@corp.example` })).admission.served();
    (await wait()).admission.refused({ ...RATE, retryAfterMs: 300_000 });
    const waiting = admit({ mailbox: A });
    await clock.advance(121_000);
    for (let n = 0; n < 100; n += 1) (await wait({ mailbox: `new${n}@corp.example` })).admission.served();
    assert.equal(pacer.mailboxes, 101);
    await clock.advance(300_000);
    (await waiting).served();
  });
});
