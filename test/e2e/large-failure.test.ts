import assert from "node:assert/strict";
import { it } from "node:test";
import { findFirestoreEmulator, startFirestoreEmulator } from "../support/firestore-emulator.ts";
import { startTestStack } from "../support/local-stack.ts";

const MAILBOX = "large@example.com";
const HTML = "<p>Two megabytes of prose.</p>".repeat(60_000);

const found = await findFirestoreEmulator();
const skip = "missing" in found && found.missing;

it("a failed request of two megabytes, more than a document of Firestore holds, is taken up again whole", {
  skip,
  timeout: 90_000,
}, async (t) => {
  assert.ok("script" in found);
  const emulator = await startFirestoreEmulator(found.script);
  t.after(() => emulator.stop());
  const stack = await startTestStack({
    environment: { LEDGER_URL: "firestore:", FIRESTORE_EMULATOR_HOST: emulator.hostPort },
  });
  t.after(() => stack.finish());
  stack.google.admin.disableMail(MAILBOX);
  const request = { to: "a@example.test", subject: "Large", html: HTML, mailbox: MAILBOX };
  const { status: accepted, body } = await stack.post("/v1/drafts", request);
  assert.equal(accepted, 202, body.detail);
  const { status, problem } = await stack.settled(body.id);
  assert.deepEqual([status, problem?.code], ["parked", "GMAIL_OFF"]);

  stack.google.admin.restoreUser(MAILBOX);
  const replay = await stack.post("/v1/replays", { filter: { mailbox: MAILBOX } });
  await stack.logged((event) => event.message === "replay.finished" && event.replay === replay.body.id);
  assert.equal((await stack.settled(body.id)).status, "created");
  const [draft, ...others] = stack.google.drafts(MAILBOX);
  assert.equal(others.length, 0);
  assert.ok((draft?.raw.length ?? 0) > HTML.length, "not all of it is in the draft");
});
