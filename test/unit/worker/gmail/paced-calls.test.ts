import assert from "node:assert/strict";
import { test } from "node:test";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { Admit, Refusal } from "@draftmill/worker/pacing/pacer.ts";
import { openScriptedGmail, startScriptedGoogle } from "./scripted-google.ts";

const MAILBOX = "rep@corp.example";
const signal = AbortSignal.timeout(60_000);
const nobodyKnows = (): boolean => false;
const STRANGERS = { drafts: [1, 2, 3].map((n) => ({ id: `r${n}`, message: { id: `m${n}`, threadId: `t${n}` } })) };

/** Admits everything, and notes what it was asked for and how each call ended. */
function noting() {
  const asked: number[] = [];
  const ended: (string | Refusal)[] = [];
  const admit: Admit = async (units) => {
    asked.push(units);
    let isOpen = true;
    const end = (how: string | Refusal): void => {
      if (isOpen) ended.push(how);
      isOpen = false;
    };
    return {
      served: () => end("served"),
      refused: end,
      spent: () => end("spent"),
      unused: () => end("unused"),
      [Symbol.dispose]: () => end("unused"),
    };
  };
  return { admit, asked, ended };
}

test("a search under a claim does not wait; what its calls cost is told as they leave", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail, spent } = openScriptedGmail(google);
  google.on("list", () => ({ body: STRANGERS }));
  google.on("get", () => ({ body: STRANGERS.drafts[0] }));
  await gmail.findDraft(MAILBOX, "d-wanted", nobodyKnows, signal);
  assert.deepEqual(
    spent,
    [5, 20, 20, 20].map((units) => ({ mailbox: MAILBOX, units })),
  );
});

test("a create is not told: whoever makes it has waited for its turn", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail, spent } = openScriptedGmail(google);
  await gmail.createDraft(MAILBOX, { mime: Buffer.from("To: a@example.test\r\n\r\nText."), threadId: null }, signal);
  assert.deepEqual(spent, []);
});

test("a call that cannot leave costs nothing", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail, spent } = openScriptedGmail(google);
  google.on("token", () => ({ status: 503, body: "" }));
  await assert.rejects(gmail.findDraft(MAILBOX, "d-wanted", nobodyKnows, signal));
  assert.deepEqual(spent, []);
});

test("each call of a sweep's search is admitted for what it costs, and is over when it has its answer", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail, spent } = openScriptedGmail(google);
  google.on("list", () => ({ body: STRANGERS }));
  google.on("get", () => ({ body: STRANGERS.drafts[0] }));
  const { admit, asked, ended } = noting();
  await gmail.markedDrafts(MAILBOX, "d-wanted", nobodyKnows, admit, signal);
  assert.deepEqual(asked, [5, 20, 20, 20]);
  assert.deepEqual(ended, ["served", "served", "served", "served"]);
  assert.deepEqual(spent, []);
});

for (const [what, status, message, refusal] of [
  ["of the quota", 403, "User Rate Limit Exceeded", { limit: "rate", retryAfterMs: undefined }],
  [
    "of too many calls",
    429,
    "Too many concurrent requests for user.",
    { limit: "concurrency", retryAfterMs: undefined },
  ],
] as const) {
  test(`a refusal because ${what} ends the admission as one`, async (t) => {
    const google = await startScriptedGoogle(t);
    const { gmail } = openScriptedGmail(google);
    const errors = [{ message, domain: "global", reason: "rateLimitExceeded" }];
    google.on("list", () => ({ status, body: { error: { code: status, message, errors } } }));
    const { admit, ended } = noting();
    const search = gmail.markedDrafts(MAILBOX, "d-wanted", nobodyKnows, admit, signal);
    await assert.rejects(search, (error) => error instanceof DraftError && error.class === "throttled");
    assert.deepEqual(ended, [refusal]);
  });
}

test("any other failure tells nothing of the speed", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  google.on("list", () => ({ status: 503, body: "" }));
  const { admit, ended } = noting();
  await assert.rejects(gmail.markedDrafts(MAILBOX, "d-wanted", nobodyKnows, admit, signal));
  assert.deepEqual(ended, ["unused"]);
});
