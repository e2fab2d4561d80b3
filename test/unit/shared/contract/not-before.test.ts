import assert from "node:assert/strict";
import { test } from "node:test";
import { fingerprint, fingerprintOfCall, parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import { NOT_BEFORE_MAX_MS, parseDateTime, tooFarAhead } from "@draftmill/shared/contract/not-before.ts";

const REQUEST = { to: "ada@example.com", subject: "S", message: "M" };
const AT_MS = Date.UTC(2026, 11, 1, 8);

for (const text of ["2026-12-01T08:00:00Z", "2026-12-01t09:00:00.000000001+01:00", "2026-12-01T02:30:00-05:30"]) {
  test(`${text} is a time`, () => assert.equal(parseDateTime(text), AT_MS));
}

for (const text of [
  "tomorrow",
  "2026-12-01",
  "2026-12-01T08:00:00",
  "2026-12-01 08:00:00Z",
  "2026-02-30T08:00:00Z",
  "2026-12-01T24:00:00Z",
  "2026-12-01T08:61:00Z",
  "2026-12-01T08:00:00+99:00",
  "2026-12-01T08:00:00Z ",
  "+002026-12-01T08:00:00Z",
]) {
  test(`${JSON.stringify(text)} is none, and its field is named`, () => {
    const parsed = parseDraftRequest({ ...REQUEST, notBefore: text }, "rep@corp.example");
    assert.ok(!parsed.ok);
    assert.deepEqual(
      parsed.problems.map(({ pointer, code }) => [pointer, code]),
      [["/notBefore", "dateTime"]],
    );
  });
}

test("an empty one is none, and a time is no part of what a request is, but of a call", () => {
  const of = (notBefore?: string) => {
    const parsed = parseDraftRequest({ ...REQUEST, ...(notBefore === undefined ? {} : { notBefore }) }, "a@b.example");
    assert.ok(parsed.ok);
    return parsed.request;
  };
  const [none, empty, once, later] = [of(), of(""), of("2026-12-01T08:00:00Z"), of("2026-12-02T08:00:00Z")];
  assert.deepEqual([none.notBeforeMs, empty.notBeforeMs, once.notBeforeMs], [null, null, AT_MS]);
  assert.equal(new Set([none, empty, once, later].map(fingerprint)).size, 1);
  assert.equal(new Set([none, once, later].map(fingerprintOfCall)).size, 3);
  assert.equal(fingerprintOfCall(none), fingerprint(none));
});

test("thirty days ahead is the most, save for what clocks may differ", () => {
  const nowMs = AT_MS;
  assert.equal(tooFarAhead({ notBeforeMs: null }, nowMs), null);
  assert.equal(tooFarAhead({ notBeforeMs: nowMs + NOT_BEFORE_MAX_MS }, nowMs), null);
  const beyond = { notBeforeMs: nowMs + NOT_BEFORE_MAX_MS + 1 };
  assert.equal(tooFarAhead(beyond, nowMs)?.pointer, "/notBefore");
  assert.equal(tooFarAhead(beyond, nowMs, 1), null);
});
