import assert from "node:assert/strict";
import { test } from "node:test";
import { createLifecycle, openOrClose } from "@draftmill/shared/lifecycle.ts";

/** A lifecycle of three things that note their closing; those of `broken` fail at it. */
function threeThings(broken: readonly string[] = []) {
  const closed: string[] = [];
  const lifecycle = createLifecycle();
  for (const name of ["store", "topic", "server"]) {
    lifecycle.onClose(async () => {
      closed.push(name);
      if (broken.includes(name)) throw new Error(`${name} does not close`);
    });
  }
  return { lifecycle, closed };
}

test("closes the last opened first, each one only after the one before it", async () => {
  const events: string[] = [];
  const lifecycle = createLifecycle();
  lifecycle.onClose(() => events.push("store closes"));
  lifecycle.onClose(async () => {
    events.push("server closes");
    await new Promise((turn) => setImmediate(turn));
    events.push("server closed");
  });
  await lifecycle.close();
  assert.deepEqual(events, ["server closes", "server closed", "store closes"]);
});

test("closes each even if others fail, and then throws the first failure", async () => {
  const { lifecycle, closed } = threeThings(["server", "store"]);
  await assert.rejects(lifecycle.close(), /server does not close/);
  assert.deepEqual(closed, ["server", "topic", "store"]);
});

test("closes once, however often it is asked to", async () => {
  const { lifecycle, closed } = threeThings();
  await Promise.all([lifecycle.close(), lifecycle.close()]);
  await lifecycle.close();
  assert.equal(closed.length, 3);
});

test("a start that fails half-way closes what it had opened and says why it failed", async () => {
  const { lifecycle, closed } = threeThings(["topic"]);
  await assert.rejects(
    openOrClose(lifecycle, async () => {
      throw new Error("the port is taken");
    }),
    /the port is taken/,
  );
  assert.deepEqual(closed, ["server", "topic", "store"]);
});

test("a start that succeeds leaves everything open", async () => {
  const { lifecycle, closed } = threeThings();
  assert.equal(await openOrClose(lifecycle, async () => "started"), "started");
  assert.deepEqual(closed, []);
});
