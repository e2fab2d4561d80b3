import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Lines, type Waiting } from "@draftmill/worker/pacing/lines.ts";

interface Named extends Waiting {
  readonly name: string;
}

const one = (name: string, line: string | null, changes: Partial<Waiting> = {}): Named => {
  return { name, line, units: 10, isAgain: false, ...changes };
};

/** The names in the order in which their turns come. */
function order(lines: Lines<Named>): string {
  const names: string[] = [];
  for (let next = lines.next(); next !== undefined; next = lines.next()) {
    lines.take(next);
    names.push(next.name);
  }
  return names.join(" ");
}

describe("the lines of a mailbox", () => {
  it("first come, first served within one; who was refused before goes first, those among them in their order", () => {
    const lines = new Lines<Named>();
    for (const name of ["a1", "a2", "a3"]) lines.add(one(name, "a"));
    for (const name of ["r1", "r2"]) lines.add(one(name, "a", { isAgain: true }));
    assert.equal(lines.size, 5);
    assert.equal(order(lines), "r1 r2 a1 a2 a3");
    assert.equal(lines.size, 0);
  });

  it("take turns, however long they are", () => {
    const lines = new Lines<Named>();
    for (const name of ["a1", "a2", "a3", "a4", "a5"]) lines.add(one(name, "a"));
    for (const name of ["b1", "b2"]) lines.add(one(name, "b"));
    assert.equal(order(lines), "a1 b1 a2 b2 a3 a4 a5");
  });

  it("by units: a call that costs twice as much counts twice", () => {
    const lines = new Lines<Named>();
    for (const name of ["a1", "a2", "a3", "a4"]) lines.add(one(name, "a"));
    for (const name of ["b1", "b2"]) lines.add(one(name, "b", { units: 20 }));
    assert.equal(order(lines), "a1 b1 a2 a3 b2 a4");
  });

  it("a request that comes alone is next, behind a batch of any length", () => {
    const lines = new Lines<Named>();
    for (let n = 0; n < 1_000; n += 1) lines.add(one(`row${n}`, "batch"));
    for (let n = 0; n < 500; n += 1) lines.take(lines.next() ?? assert.fail());
    lines.add(one("alone", null));
    assert.equal(lines.next()?.name, "alone");
  });

  it("and two batches do not keep it waiting for long", () => {
    const lines = new Lines<Named>();
    for (let n = 0; n < 9; n += 1) for (const name of ["a", "b", "c"]) lines.add(one(name, name));
    lines.take(lines.next() ?? assert.fail());
    lines.add(one("alone", null));
    assert.match(order(lines), /^(?:[bc] ){0,2}alone /);
  });

  it("a line that was away makes nothing up", () => {
    const lines = new Lines<Named>();
    for (let n = 0; n < 10; n += 1) lines.add(one("a", "a"));
    for (let n = 0; n < 6; n += 1) lines.take(lines.next() ?? assert.fail());
    for (let n = 0; n < 4; n += 1) lines.add(one("b", "b"));
    assert.equal(order(lines), "a b a b a b a b");
  });

  it("leave out who waits no longer, and can be asked for those that come alone", () => {
    const lines = new Lines<Named>();
    const [row, alone] = [one("row", "batch"), one("alone", null)];
    lines.add(row);
    assert.equal(lines.next(true), undefined);
    lines.add(alone);
    assert.equal(lines.next(true), alone);
    lines.remove(row);
    lines.remove(row);
    assert.equal(order(lines), "alone");
  });
});
