import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startTestStack, type TestStack } from "../support/local-stack.ts";

describe("LOG_LEVEL=debug tells what the old function's debug output told", { timeout: 120_000 }, () => {
  let stack: TestStack;
  before(async () => {
    stack = await startTestStack({ environment: { LOG_LEVEL: "debug" } });
  });
  after(() => stack.finish());

  const callsFor = (mailbox: string) =>
    stack.events.filter((event) => event.message === "google.called" && event.mailbox === mailbox);
  const request = (mailbox: string) => ({
    to: "a@example.test",
    subject: "Geheim-Betreff",
    message: "Geheim-Text",
    mailbox,
  });

  it("the environment that is used", async () => {
    const starting = await stack.logged(({ message }) => message === "worker.starting");
    const config = JSON.stringify(starting.config);
    for (const value of [stack.google.serviceAccount, stack.google.url, "gmail.compose", "@example.com"]) {
      assert.ok(config.includes(value.replace("@example.com", "example.com")), `${value} is not in ${config}`);
    }
  });

  it("each call to IAMCredentials, the token endpoint and Gmail, with status and time", async () => {
    const { body } = await stack.post("/v1/drafts", request("ada@example.com"), { prefer: "wait=30" });
    assert.equal(body.status, "created");
    assert.deepEqual(
      callsFor("ada@example.com").map(({ operation, status }) => [operation, status]),
      [
        ["signJwt", 200],
        ["token", 200],
        ["drafts.create", 200],
      ],
    );
    for (const { durationMs } of callsFor("ada@example.com")) assert.ok(Number(durationMs) > 0);
  });

  it("Google's reason when a call is refused", async () => {
    stack.google.faults.next("token", 1, { kind: "answer", error: "unauthorizedClient" }, "grace@example.com");
    await stack.settled((await stack.post("/v1/drafts", request("grace@example.com"))).body.id);
    const [refused] = callsFor("grace@example.com").filter(({ operation }) => operation === "token");
    assert.equal(refused?.status, 401);
    assert.match(String(refused?.reason), /unauthorized_client/);
  });

  it("and never a secret, a token or a body", () => {
    const everything = JSON.stringify(stack.events);
    for (const secret of ["Geheim", "Bearer", "eyJ", "ya29.", "assertion", "PRIVATE KEY"]) {
      assert.ok(!everything.includes(secret), `the log holds ${secret}`);
    }
  });
});
