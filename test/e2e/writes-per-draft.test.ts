import assert from "node:assert/strict";
import { it } from "node:test";
import { openFirestoreLine } from "../conformance/ledger/firestore-line.ts";
import { findFirestoreEmulator, startFirestoreEmulator } from "../support/firestore-emulator.ts";
import { startTestStack } from "../support/local-stack.ts";

const DRAFTS = 40;
const MAILBOXES = 4;
const IDLE_WITHIN_MS = 30_000;
/** Each worker asks for open incidents once in ten seconds, and takes none from an empty store. */
const INCIDENT_LISTS_MAX = 10;

const found = await findFirestoreEmulator();
const skip = "missing" in found && found.missing;

it("a draft costs three writes to Firestore and no document read: accept, claim, complete", {
  skip,
  timeout: 90_000,
}, async (t) => {
  assert.ok("script" in found);
  const emulator = await startFirestoreEmulator(found.script);
  t.after(() => emulator.stop());
  const line = await openFirestoreLine(t, emulator.hostPort);
  const stack = await startTestStack({
    environment: { LEDGER_URL: "firestore:", FIRESTORE_EMULATOR_HOST: line.hostPort },
  });
  t.after(() => stack.finish());
  const makeDrafts = async (mailboxOf: (n: number) => string): Promise<void> => {
    const answers = await Promise.all(
      Array.from({ length: DRAFTS }, (_, n) =>
        stack.post("/v1/drafts", { to: "a@example.test", subject: `${n}`, message: "M", mailbox: mailboxOf(n) }),
      ),
    );
    assert.ok(answers.every(({ status }) => status === 202));
    await stack.pubsub?.idle("draft-requests-push", AbortSignal.timeout(IDLE_WITHIN_MS));
  };
  // An emulator that has just started can take longer for an answer than the driver waits, which then asks again.
  await makeDrafts(() => "warm-up@example.com");
  line.forgetCounts();

  await makeDrafts((n) => `rep${n % MAILBOXES}@example.com`);

  const mailboxes = Array.from({ length: MAILBOXES }, (_, n) => `rep${n}@example.com`);
  assert.equal(mailboxes.flatMap((mailbox) => stack.google.drafts(mailbox)).length, DRAFTS);
  const { commit, runQuery = 0, ...others } = Object.fromEntries(line.calls);
  assert.deepEqual({ commit, others, documents: line.documents }, { commit: 3 * DRAFTS, others: {}, documents: 0 });
  assert.ok(runQuery <= INCIDENT_LISTS_MAX, `${runQuery} queries`);
  t.diagnostic(`${DRAFTS} drafts: ${commit} writes, ${line.documents} documents read, ${runQuery} lists of incidents`);
});
