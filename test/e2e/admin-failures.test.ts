import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { startTestStack, type TestStack } from "../support/local-stack.ts";

const COMPOSE = "https://www.googleapis.com/auth/gmail.compose";

/** The four checks of the old function's list, and what each says to do. */
describe("what an administrator must mend has its own code and says what to paste", { timeout: 120_000 }, () => {
  let stack: TestStack;
  let mailboxes = 0;
  before(async () => {
    stack = await startTestStack();
  });
  after(() => stack.finish());
  afterEach(() => {
    stack.google.admin.grantDelegation([COMPOSE]);
    stack.google.admin.denySigning(false);
    stack.google.faults.clear();
  });

  /** A mailbox of its own, as tokens are kept for an hour. */
  const parked = async () => {
    mailboxes += 1;
    const request = { to: "a@example.test", subject: "S", message: "M", mailbox: `user${mailboxes}@example.com` };
    const { body } = await stack.post("/v1/drafts", request);
    const view = await stack.settled(body.id);
    assert.equal(view.status, "parked");
    const [letter] = await stack.pullDeadLetters(1);
    assert.equal(letter?.attributes.draftmillCode, view.problem?.code);
    return view.problem;
  };

  it("client id not authorised", async () => {
    stack.google.admin.revokeDelegation();
    const problem = await parked();
    assert.equal(problem?.code, "DELEGATION_MISSING");
    assert.ok(problem?.remedy?.includes(stack.google.clientId), problem?.remedy);
    assert.ok(problem?.remedy?.includes(COMPOSE), problem?.remedy);
  });

  it("scope not granted", async () => {
    stack.google.faults.next("drafts.create", 1, { kind: "answer", error: "insufficientScopes" });
    const problem = await parked();
    assert.equal(problem?.code, "SCOPE_NOT_GRANTED");
    assert.ok(problem?.remedy?.includes(COMPOSE), problem?.remedy);
  });

  it("no Token Creator on the service account", async () => {
    stack.google.admin.denySigning(true);
    const problem = await parked();
    assert.equal(problem?.code, "SIGNING_DENIED");
    assert.match(problem?.remedy ?? "", /add-iam-policy-binding worker@.+ --member=.+serviceAccountTokenCreator/);
  });

  it("a wrong service account", async () => {
    const other = await startTestStack({
      environment: { GOOGLE_SERVICE_ACCOUNT_EMAIL: "typo@draftmill-local.iam.gserviceaccount.com" },
    });
    try {
      const { body } = await other.post("/v1/drafts", { to: "a@example.test", subject: "S", message: "M" });
      const { problem } = await other.settled(body.id);
      assert.equal(problem?.code, "SIGNER_NOT_FOUND");
      assert.match(problem?.remedy ?? "", /typo@draftmill-local/);
    } finally {
      await other.finish();
    }
  });
});
