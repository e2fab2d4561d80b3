import assert from "node:assert/strict";
import { test } from "node:test";
import { anApi } from "./api-under-test.ts";

function dependency(name: string, answers: boolean) {
  return { name, check: async () => answers };
}

test("ready means that every dependency is, and the answer tells which is not", async (t) => {
  const well = await anApi(t, { dependencies: [dependency("ledger", true), dependency("publisher", true)] });
  const ready = await well.app.inject("/health/ready");
  assert.equal(ready.statusCode, 200);
  assert.deepEqual(ready.json(), { status: "ready", checks: { ledger: true, publisher: true } });

  const ill = await anApi(t, { dependencies: [dependency("ledger", true), dependency("publisher", false)] });
  const unready = await ill.app.inject("/health/ready");
  assert.equal(unready.statusCode, 503);
  assert.deepEqual(unready.json(), { status: "unready", checks: { ledger: true, publisher: false } });
});

test("what is not needed is told and keeps nobody from being served", async (t) => {
  const callers = { ...dependency("callers", false), isNeeded: false };
  const { app } = await anApi(t, { dependencies: [dependency("ledger", true), callers] });
  const answer = await app.inject("/health/ready");
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(answer.json(), { status: "ready", checks: { ledger: true, callers: false } });
});

test("live stays live while a dependency is away", async (t) => {
  const { app } = await anApi(t, { dependencies: [dependency("ledger", false)] });
  assert.equal((await app.inject("/health/live")).statusCode, 200);
});
