import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Fifo } from "@draftmill/local/pubsub/fifo.ts";
import { TimeHeap } from "@draftmill/local/pubsub/time-heap.ts";
import fc from "fast-check";

describe("a time heap", () => {
  it("gives what is due, the earliest first, and keeps the rest", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 100 })), fc.integer({ min: 0, max: 100 }), (times, nowMs) => {
        const heap = new TimeHeap<number>();
        for (const atMs of times) heap.push(atMs, atMs);
        const due: number[] = [];
        for (let next = heap.popDue(nowMs); next !== undefined; next = heap.popDue(nowMs)) due.push(next);
        const sorted = times.toSorted((a, b) => a - b);
        assert.deepEqual(
          due,
          sorted.filter((atMs) => atMs <= nowMs),
        );
        assert.equal(
          heap.nextMs,
          sorted.find((atMs) => atMs > nowMs),
        );
      }),
    );
  });
});

describe("a first-in-first-out queue", () => {
  it("keeps the order through thousands of comings and goings", () => {
    const fifo = new Fifo<number>();
    const out: (number | undefined)[] = [];
    for (let n = 0; n < 10_000; n++) {
      fifo.push(n);
      if (n % 3 !== 0) out.push(fifo.shift());
    }
    while (fifo.length > 0) out.push(fifo.shift());
    assert.deepEqual(
      out,
      Array.from({ length: 10_000 }, (_none, n) => n),
    );
    assert.equal(fifo.shift(), undefined);
  });
});
