import assert from "node:assert/strict";
import { test } from "node:test";
import { OrderingKeys, orderingKeyOf } from "@draftmill/shared/contract/ordering-key.ts";

const MAILBOX = "rep@corp.example";

test("an ordering key stays the same for one request and spreads a mailbox's requests over its shards", () => {
  const SHARDS = 16;
  const counts = new Map<string | null, number>();
  for (let index = 0; index < 16_000; index += 1) {
    const key = orderingKeyOf(MAILBOX, `id-${index}`, SHARDS);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assert.equal(counts.size, SHARDS);
  // 1,000 expected each; five standard deviations.
  for (const [key, count] of counts) assert.ok(Math.abs(count - 1_000) < 155, `${key}: ${count}`);
  assert.equal(orderingKeyOf(MAILBOX, "id-1", SHARDS), orderingKeyOf(MAILBOX, "id-1", SHARDS));
  assert.match(orderingKeyOf(MAILBOX, "id-1", SHARDS) ?? "", /^rep@corp\.example#(\d|1[0-5])$/);
  assert.equal(orderingKeyOf(MAILBOX, "id-1", 1), "rep@corp.example#0");
  assert.equal(orderingKeyOf(MAILBOX, "id-1", 0), null);
});

const orderingKeysOf = (call: ReturnType<typeof callOf>, shards: number) => new OrderingKeys(shards).of(call);
const callOf = (count: number, mailbox = MAILBOX, first = 0) =>
  Array.from({ length: count }, (_, index) => ({ mailbox, id: `id-${first + index}` }));

for (const [count, keys] of [
  [1, 1],
  [3, 3],
  [4, 4],
  [32, 4],
  [33, 5],
  [50, 7],
  [128, 16],
  [1_000, 16],
] as const) {
  test(`${count} messages of a mailbox in one call share ${keys} keys evenly, neighbours apart`, () => {
    const given = orderingKeysOf(callOf(count), 16);
    assert.equal(new Set(given).size, keys);
    const counts = [...Map.groupBy(given, (key) => key).values()].map(({ length }) => length);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join(" "));
    assert.equal(new Set(given.slice(0, keys)).size, keys);
    for (const key of given) assert.match(key ?? "", /^rep@corp\.example#(\d|1[0-5])$/);
  });
}

test("each mailbox of a call has keys of its own, and small calls come to use all of them", () => {
  const mixed = orderingKeysOf([...callOf(2), ...callOf(2, "bo@corp.example"), ...callOf(1)], 16);
  assert.equal(new Set(mixed).size, 5);
  const ofCalls = Array.from({ length: 200 }, (_, n) => orderingKeysOf(callOf(2, MAILBOX, n * 2), 16)).flat();
  assert.equal(new Set(ofCalls).size, 16);
  assert.deepEqual(orderingKeysOf(callOf(5), 16), orderingKeysOf(callOf(5), 16));
});

test("no more keys than there are, and none where they are off", () => {
  assert.deepEqual(new Set(orderingKeysOf(callOf(100), 2)), new Set([`${MAILBOX}#0`, `${MAILBOX}#1`]));
  assert.deepEqual(orderingKeysOf(callOf(3), 0), [null, null, null]);
});

test("what is published together in parts takes all keys in turn, whatever the parts", () => {
  const keys = new OrderingKeys(16);
  const given = Array.from({ length: 40 }, (_, n) => keys.of(callOf(10, MAILBOX, n * 10))).flat();
  const counts = [...Map.groupBy(given, (key) => key).values()].map(({ length }) => length);
  assert.deepEqual(new Set(counts), new Set([20, 30]));
  assert.equal(counts.length, 16);
});
