import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Backlog, type Lease } from "@draftmill/local/pubsub/backlog.ts";
import fc from "fast-check";

function aBacklog(...keys: string[]): Backlog {
  const backlog = new Backlog();
  for (const [index, orderingKey] of keys.entries()) {
    backlog.add({ messageId: index + 1, orderingKey, publishTimeMs: 0, attempts: 0 }, 0);
  }
  return backlog;
}

function ids(leases: readonly Lease[]): number[] {
  return leases.map(({ entry }) => entry.messageId);
}

function theOnly(leases: readonly Lease[]): number {
  assert.equal(leases.length, 1);
  return leases[0]?.number ?? 0;
}

describe("a backlog", () => {
  it("hands messages without a key out in order, each once", () => {
    const backlog = aBacklog("", "", "");
    assert.deepEqual(ids(backlog.lease(0, 10, 2)), [1, 2]);
    assert.deepEqual(ids(backlog.lease(0, 10, 2)), [3]);
    assert.deepEqual(backlog.lease(0, 10, 2), []);
  });

  it("hands nothing more of a key out until what is out of it is settled", () => {
    const backlog = aBacklog("red", "red", "blue");
    const first = backlog.lease(0, 10, 1);
    assert.deepEqual(ids(first), [1]);
    assert.deepEqual(ids(backlog.lease(0, 10, 1)), [3]);
    assert.deepEqual(backlog.lease(0, 10, 1), []);
    backlog.ack(theOnly(first), 0);
    assert.deepEqual(ids(backlog.lease(0, 10, 1)), [2]);
  });

  it("hands a key's later messages out again after an earlier one, the acknowledged ones too", () => {
    const backlog = aBacklog("red", "red", "red");
    const [one, two, three] = backlog.lease(0, 10, 3);
    assert.deepEqual(backlog.ack(two?.number ?? 0, 0), []);
    backlog.nack(one?.number ?? 0, 0, 0);
    assert.equal(backlog.entryOf(three?.number ?? 0), undefined);
    assert.deepEqual(ids(backlog.lease(0, 10, 3)), [1, 2, 3]);
  });

  it("lets a message go only with all earlier ones of its key", () => {
    const backlog = aBacklog("red", "red");
    const [one, two] = backlog.lease(0, 10, 2);
    assert.deepEqual(backlog.ack(two?.number ?? 0, 0), []);
    assert.equal(backlog.size, 2);
    const gone = backlog.ack(one?.number ?? 0, 0);
    assert.deepEqual(
      gone.map(({ messageId }) => messageId),
      [1, 2],
    );
    assert.equal(backlog.size, 0);
  });

  it("holds a failed message and its key back until the time given", () => {
    const backlog = aBacklog("red", "red", "");
    backlog.nack(theOnly(backlog.lease(0, 10, 1)), 0, 1_000);
    assert.equal(backlog.nextChangeMs, 10);
    assert.deepEqual(ids(backlog.lease(999, 2_000, 5)), [3]);
    assert.deepEqual(ids(backlog.lease(1_000, 2_000, 5)), [1, 2]);
  });

  it("tells which leases have run out, and takes an extension into account", () => {
    const backlog = aBacklog("", "");
    const [one, two] = backlog.lease(0, 10, 2);
    backlog.extend(two?.number ?? 0, 20);
    assert.deepEqual(
      backlog.expired(10).map(({ number }) => number),
      [one?.number],
    );
    assert.deepEqual(backlog.expired(19), []);
    assert.deepEqual(
      backlog.expired(20).map(({ number }) => number),
      [two?.number],
    );
  });

  it("ignores a lease that is void", () => {
    const backlog = aBacklog("");
    const lease = theOnly(backlog.lease(0, 10, 1));
    backlog.nack(lease, 0, 0);
    assert.deepEqual(backlog.ack(lease, 0), []);
    assert.equal(backlog.nack(lease, 0, 0), undefined);
    assert.equal(backlog.size, 1);
  });

  it("forgets what is removed, unless somebody holds it", () => {
    const backlog = aBacklog("", "red", "red");
    backlog.lease(0, 10, 1);
    assert.deepEqual(
      [1, 2, 3].map((id) => backlog.remove(id)),
      [false, true, true],
    );
    assert.deepEqual(backlog.lease(0, 10, 5), []);
    assert.equal(backlog.size, 1);
  });

  it("neither loses nor repeats a message, and keeps each key in order, whatever fails", () => {
    const keys = fc.array(fc.constantFrom("", "red", "blue"), { minLength: 1, maxLength: 12 });
    const steps = fc.array(fc.record({ max: fc.integer({ min: 1, max: 4 }), ack: fc.boolean(), pick: fc.nat() }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(keys, steps, (messages, script) => {
        const backlog = aBacklog(...messages);
        const out = new Set<Lease>();
        const gone: number[] = [];
        const settle = (lease: Lease, ack: boolean) => {
          out.delete(lease);
          if (ack) gone.push(...backlog.ack(lease.number, 0).map(({ messageId }) => messageId));
          else backlog.nack(lease.number, 0, 0);
        };
        for (const { max, ack, pick } of script) {
          for (const lease of backlog.lease(0, Number.POSITIVE_INFINITY, max)) out.add(lease);
          const lease = [...out][pick % Math.max(1, out.size)];
          if (lease !== undefined) settle(lease, ack);
        }
        while (backlog.size > 0) {
          for (const lease of [...out, ...backlog.lease(0, Number.POSITIVE_INFINITY, 5)]) settle(lease, true);
        }
        assert.deepEqual(
          gone.toSorted((a, b) => a - b),
          messages.map((_key, index) => index + 1),
        );
        for (const key of ["red", "blue"]) {
          const ofKey = gone.filter((id) => messages[id - 1] === key);
          assert.deepEqual(
            ofKey,
            ofKey.toSorted((a, b) => a - b),
          );
        }
      }),
    );
  });
});
