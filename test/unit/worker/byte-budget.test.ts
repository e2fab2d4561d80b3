import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { ByteBudget } from "@draftmill/worker/byte-budget.ts";

const forever = new AbortController().signal;

/** Takes the bytes when it may, and tells who has done so. */
function taking(budget: ByteBudget, names: Readonly<Record<string, number>>) {
  const taken = new Map<string, Disposable>();
  for (const [name, bytes] of Object.entries(names)) {
    void budget.take(bytes, forever).then((share) => taken.set(name, share));
  }
  return {
    names: () => [...taken.keys()],
    giveBack: (name: string) => taken.get(name)?.[Symbol.dispose](),
  };
}

test("no more is out than there is, and who waits goes first come, first served", async () => {
  const { names, giveBack } = taking(new ByteBudget(100), { a: 60, b: 40, c: 50, d: 1 });
  await turn();
  assert.deepEqual(names(), ["a", "b"]);
  giveBack("b");
  await turn();
  assert.deepEqual(names(), ["a", "b"], "d is not let past c");
  giveBack("a");
  giveBack("a");
  await turn();
  assert.deepEqual(names(), ["a", "b", "c", "d"]);
});

test("what is larger than all of it goes alone", async () => {
  const { names, giveBack } = taking(new ByteBudget(100), { small: 1, huge: 1_000, last: 1 });
  await turn();
  assert.deepEqual(names(), ["small"]);
  giveBack("small");
  await turn();
  assert.deepEqual(names(), ["small", "huge"]);
  giveBack("huge");
  await turn();
  assert.deepEqual(names(), ["small", "huge", "last"]);
});

test("who gives up waiting keeps nobody back", async () => {
  const budget = new ByteBudget(100);
  const share = await budget.take(60, forever);
  const stop = new AbortController();
  const given = assert.rejects(budget.take(90, stop.signal), /enough/);
  const { names } = taking(budget, { behind: 10 });
  await turn();
  assert.deepEqual(names(), []);
  stop.abort(new Error("enough"));
  await given;
  await turn();
  assert.deepEqual(names(), ["behind"]);
  await assert.rejects(budget.take(1, stop.signal), /enough/);
  share[Symbol.dispose]();
});
