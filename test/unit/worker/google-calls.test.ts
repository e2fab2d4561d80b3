import assert from "node:assert/strict";
import { test } from "node:test";
import { MAILBOX, pushOf, startSurroundings, startWorkerProcess } from "./worker-under-test.ts";

const DRAFTS = 100;
const REQUEST = { to: "grace@example.com", subject: "S", message: "M" };

test("a mailbox's drafts cost one call to Google each, and three for all of them together", {
  timeout: 90_000,
}, async (t) => {
  const surroundings = await startSurroundings();
  t.after(() => surroundings.lifecycle.close());
  const worker = await startWorkerProcess(surroundings, { LOG_LEVEL: "info" });
  t.after(() => worker.stop());
  const pushes = Array.from({ length: DRAFTS }, (_, n) => worker.push(pushOf(REQUEST, { messageId: `m${n}` })));
  assert.deepEqual([...new Set(await Promise.all(pushes))], [204]);
  assert.equal(surroundings.google.drafts(MAILBOX).length, DRAFTS);
  const answer = await fetch(`${worker.url}/metrics`, { signal: AbortSignal.timeout(5_000) });
  const counted = (await answer.text()).matchAll(
    /^draftmill_google_calls_total\{operation="(\S+)",status="(\S+)"\} (\d+)$/gm,
  );
  const calls = Object.fromEntries(
    [...counted].map(([, operation, status, count]) => [`${operation} ${status}`, count]),
  );
  assert.deepEqual(calls, {
    "metadata.token 200": "1",
    "signJwt 200": "1",
    "token 200": "1",
    "drafts.create 200": String(DRAFTS),
  });
});
