import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { VARIANT_BOUNDS } from "./bounds.ts";
import { modelOf } from "./model.ts";
import { PROTOCOL } from "./protocol.ts";
import { SMALL_SCENARIOS } from "./scenarios.ts";
import { search } from "./search.ts";
import { firstState, type State } from "./state.ts";
import { StateCodec } from "./state-codec.ts";
import { allSteps } from "./steps/all-steps.ts";
import { BEYOND_TIMING, BROKEN_VARIANTS } from "./variants.ts";

describe("the protocol, in every order of its steps", () => {
  for (const { name, protocol, bounds, transient } of SMALL_SCENARIOS) {
    test(`loses nothing and leaves one draft: ${name}`, (t) => {
      const { states, resting, broken, isExhaustive } = search(modelOf(protocol, bounds));
      t.diagnostic(`${states} states, ${resting} at rest`);
      assert.ok(isExhaustive);
      assert.ok(states >= 17_000, `only ${states} states`);
      // A transient that never shows would mean that the scenario does not reach what it is about.
      assert.deepEqual(
        [...broken.keys()],
        [...transient],
        [...broken].map(([, trace]) => trace.join("\n")).join("\n\n"),
      );
    });
  }
});

describe("a rule taken out", () => {
  for (const { name, without, protocol, breaks } of BROKEN_VARIANTS) {
    test(`${name}, without ${without}, breaks "${breaks}"`, () => {
      const { broken } = search(modelOf(protocol, VARIANT_BOUNDS), { until: [breaks] });
      assert.ok(broken.has(breaks));
    });
  }
});

describe("outside its timing assumptions and without the reconciler", () => {
  for (const { name, without, protocol, breaks } of BEYOND_TIMING) {
    test(`${name}, without ${without}, makes a second draft and loses nothing`, () => {
      const bounds = { ...VARIANT_BOUNDS, replays: 0, duplicates: 0 };
      const { broken, isExhaustive } = search(modelOf(protocol, bounds));
      assert.ok(isExhaustive);
      assert.deepEqual([...broken.keys()].sort(), [breaks, "two-drafts-at-rest"]);
    });
  }
});

test("a state survives its encoding, and two that differ are encoded differently", () => {
  const model = modelOf(PROTOCOL, VARIANT_BOUNDS);
  const codec = new StateCodec(VARIANT_BOUNDS);
  const seen = new Map<string, State>([["", firstState(VARIANT_BOUNDS)]]);
  for (const state of seen.values()) {
    allSteps(model, state, (label, next) => {
      const key = codec.encode(next);
      assert.deepEqual(codec.decode(key), seen.get(key) ?? next, label);
      assert.deepEqual(codec.decode(key), next, label);
      if (seen.size < 20_000) seen.set(key, next);
    });
  }
});
