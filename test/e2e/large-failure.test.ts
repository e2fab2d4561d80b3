import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { it, type TestContext } from "node:test";
import PostalMime from "postal-mime";
import { findFirestoreEmulator, startFirestoreEmulator } from "../support/firestore-emulator.ts";
import { startTestStack } from "../support/local-stack.ts";

const MAILBOX = "large@example.com";
const HTML = "<p>Not quite two megabytes.</p>".repeat(50_000);
const FILES = ["offer.pdf", "Größe (2).bin"].map((filename) => ({
  filename,
  contentType: "application/octet-stream",
  content: randomBytes(2_500_000).toString("base64"),
}));

const found = await findFirestoreEmulator();
const skip = "missing" in found && found.missing;

it("a failed request of 8 MB, more than a document of Firestore holds, is taken up again with its files", {
  skip,
  timeout: 120_000,
}, async (t) => {
  assert.ok("script" in found);
  const emulator = await startFirestoreEmulator(found.script);
  t.after(() => emulator.stop());
  await failAndReplay(t, { LEDGER_URL: "firestore:", FIRESTORE_EMULATOR_HOST: emulator.hostPort });
});

it("so it is with the ledger in SQLite", { timeout: 120_000 }, (t) => failAndReplay(t, {}));

async function failAndReplay(t: TestContext, environment: Record<string, string>): Promise<void> {
  const stack = await startTestStack({ environment });
  t.after(() => stack.finish());
  stack.google.admin.disableMail(MAILBOX);
  const request = { to: "a@example.test", subject: "Large", html: HTML, mailbox: MAILBOX, attachments: FILES };
  const { status: accepted, body } = await stack.post("/v1/drafts", request);
  assert.equal(accepted, 202, body.detail);
  const { status, problem } = await stack.settled(body.id);
  assert.deepEqual([status, problem?.code], ["parked", "GMAIL_OFF"]);
  const [letter] = await stack.pullDeadLetters(1);
  assert.deepEqual(JSON.parse(letter?.data ?? ""), request);

  stack.google.admin.restoreUser(MAILBOX);
  const replay = await stack.post("/v1/replays", { filter: { mailbox: MAILBOX } });
  await stack.logged((event) => event.message === "replay.finished" && event.replay === replay.body.id);
  assert.equal((await stack.settled(body.id)).status, "created");
  const [draft, ...others] = stack.google.drafts(MAILBOX);
  assert.equal(others.length, 0);
  const mail = await PostalMime.parse(draft?.raw ?? "");
  assert.equal(mail.html?.trim(), HTML);
  assert.deepEqual(
    mail.attachments.map(({ filename, mimeType: contentType, content }) => ({
      filename,
      contentType,
      content: Buffer.from(content as ArrayBuffer).toString("base64"),
    })),
    FILES,
  );
}
