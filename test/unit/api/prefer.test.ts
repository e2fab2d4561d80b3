import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePrefer, preferenceApplied, secondsToWait } from "@draftmill/api/prefer.ts";

/** header, seconds to wait where the route's own choice is 30, Preference-Applied */
const CASES: readonly (readonly [string | string[] | undefined, number, string | null])[] = [
  [undefined, 30, null],
  ["", 30, null],
  ["wait=10", 10, "wait=10"],
  ["Wait = 10", 10, "wait=10"],
  ['wait="10"', 10, "wait=10"],
  ["wait=0", 0, "wait=0"],
  ["wait=3600", 60, "wait=60"],
  ["respond-async", 0, "respond-async"],
  ["RESPOND-ASYNC", 0, "respond-async"],
  ["respond-async, wait=5", 5, "wait=5"],
  [["respond-async", "wait=5"], 5, "wait=5"],
  ["wait=5; mode=lenient", 5, "wait=5"],
  ["handling=lenient, wait=7", 7, "wait=7"],
  ['note="a, wait=1", wait=8', 8, "wait=8"],
  ["wait=5, wait=9", 5, "wait=5"],
  ["wait=-1", 30, null],
  ["wait=1.5", 30, null],
  ["wait", 30, null],
  ["wait=soon", 30, null],
  ["wait=99999999999", 30, null],
  ["wait 5", 30, null],
  ['wait="5', 30, null],
  [",,;=,", 30, null],
  ["return=minimal", 30, null],
];

for (const [header, seconds, applied] of CASES) {
  test(`Prefer ${JSON.stringify(header)} waits ${seconds} s and applies ${applied}`, () => {
    const preferences = parsePrefer(header);
    assert.equal(secondsToWait(preferences, 30), seconds);
    assert.equal(preferenceApplied(preferences), applied);
  });
}
