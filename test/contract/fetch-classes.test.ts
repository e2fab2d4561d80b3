import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { chanceOf } from "../support/chance.ts";
import { ROOT } from "../support/readme.ts";

interface FetchClasses {
  readonly Headers: typeof globalThis.Headers;
  readonly FormData: typeof globalThis.FormData;
}

type Init = NonNullable<ConstructorParameters<typeof globalThis.Headers>[0]>;

/** What the services' bundles have in place of Node's own. */
const bundled = (await import(join(ROOT, "infra/image/fetch-classes.mjs"))) as FetchClasses;

const NAMES = ["a", "A", "Content-Type", "content-type", "x-goog-user-project", "", "a b", "é", "x:y", "x\n"];
const VALUES = ["1", " a b ", "\t x\r\n", "é", "a\nb", "a\0b", "€", "Bearer ya29.abc", "a, b"];

/** What comes of some work on headers: all that can be seen of them after each step, or that it was refused. */
function seen(Headers: typeof globalThis.Headers, seed: number): readonly unknown[] {
  const chance = chanceOf(seed);
  const one = (of: readonly string[]): string => of[Math.floor(chance() * of.length)] ?? "";
  const attempt = <T>(ask: () => T): T | string => {
    try {
      return ask();
    } catch (error) {
      assert.ok(error instanceof TypeError);
      return "refused";
    }
  };
  const pairs = (headers: Headers): readonly unknown[] => [...headers].toSorted();
  const first: readonly [string, string] = [one(NAMES), one(VALUES)];
  const inits = [undefined, [first], Object.fromEntries([first]), new Map([first])] as unknown as readonly Init[];
  const made = attempt(() => new Headers(inits[Math.floor(chance() * inits.length)]));
  const headers = typeof made === "string" ? new Headers() : made;
  const steps: unknown[] = [typeof made === "string" ? made : pairs(made)];
  for (let step = 0; step < 12; step++) {
    const name = one(NAMES);
    const value = one(VALUES);
    const ways: readonly (() => unknown)[] = [
      () => headers.append(name, value),
      () => headers.set(name, value),
      () => headers.delete(name),
      () => headers.get(name),
      () => headers.has(name),
      () => pairs(new Headers(headers)),
    ];
    steps.push(attempt(ways[Math.floor(chance() * ways.length)] ?? assert.fail), pairs(headers));
  }
  const told: unknown[] = [];
  headers.forEach((value, name, whole) => {
    told.push([name, value, whole === headers]);
  });
  const parts = [[...headers.keys()].toSorted(), [...headers.values()].toSorted(), [...headers.entries()].toSorted()];
  return [...steps, told.toSorted(), ...parts, Object.prototype.toString.call(headers)];
}

test("the bundles' headers are those of Node's fetch in all that clients do with them", () => {
  let refusals = 0;
  for (let seed = 0; seed < 2_000; seed++) {
    const ours = seen(bundled.Headers, seed);
    assert.deepEqual(ours, seen(globalThis.Headers, seed), `seed ${seed}`);
    refusals += ours.filter((step) => step === "refused").length;
  }
  assert.ok(refusals > 1_000, "bad names and values are among what is tried");
});

test("headers are not made of what holds none", () => {
  for (const init of [null, 1, "a: b"] as unknown as readonly Init[]) {
    assert.throws(() => new bundled.Headers(init), TypeError);
    assert.throws(() => new globalThis.Headers(init), TypeError);
  }
});

test("what a service sends is no form, and whoever would make one is told that there are none", () => {
  assert.equal({} instanceof bundled.FormData, false);
  assert.throws(() => new bundled.FormData(), /sends no forms/);
});
