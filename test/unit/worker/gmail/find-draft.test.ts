import assert from "node:assert/strict";
import { test } from "node:test";
import { openScriptedGmail, type Reply, type ScriptedGoogle, startScriptedGoogle } from "./scripted-google.ts";

const MAILBOX = "rep@corp.example";
const signal = AbortSignal.timeout(60_000);
const nobodyKnows = (): boolean => false;

/** Drafts as a mailbox lists them, newest first; the value is the X-Draftmill-Id, or null. */
function fill(google: ScriptedGoogle, drafts: ReadonlyArray<readonly [id: string, marker: string | null]>): void {
  const PAGE = 3;
  google.on("list", ({ url }) => {
    const from = Number(new URL(url, "http://a").searchParams.get("pageToken") ?? 0);
    const page = drafts.slice(from, from + PAGE).map(([id]) => ({ id, message: { id: `m${id}`, threadId: `t${id}` } }));
    return { body: { drafts: page, ...(from + PAGE < drafts.length ? { nextPageToken: String(from + PAGE) } : {}) } };
  });
  google.on("get", ({ url }): Reply => {
    const id = new URL(url, "http://a").pathname.split("/").at(-1) ?? "";
    const marker = drafts.find(([known]) => known === id)?.[1];
    const headers = [{ name: "Subject", value: "d-wanted" }];
    // Gmail gives names back in a spelling of its own.
    if (marker) headers.push({ name: "X-DraftMill-ID", value: marker });
    return { body: { id, message: { id: `m${id}`, threadId: `t${id}`, payload: { headers } } } };
  });
}

const opened = (google: ScriptedGoogle): string[] =>
  google
    .seen("get")
    .map(({ url }) => new URL(url, "http://a").pathname.split("/").at(-1) ?? "")
    .sort();

test("finds the draft that carries the request's id, on a later page", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  fill(google, [
    ["r5", null],
    ["r4", "d-other"],
    ["r3", "d-wanted-not"],
    ["r2", "D-WANTED"],
    ["r1", "d-wanted"],
  ]);
  const found = await gmail.findDraft(MAILBOX, "d-wanted", nobodyKnows, signal);
  assert.deepEqual(found, { draftId: "r1", messageId: "mr1", threadId: "tr1" });
});

test("answers null when no draft carries the id", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  fill(google, [
    ["r2", null],
    ["r1", "d-other"],
  ]);
  assert.equal(await gmail.findDraft(MAILBOX, "d-wanted", nobodyKnows, signal), null);
  assert.equal(await openScriptedGmail(google).gmail.findDraft("empty@corp.example", "d-x", () => true, signal), null);
});

test("lists without a search term and asks for no more than the headers", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  fill(google, [["r1", "d-wanted"]]);
  await gmail.findDraft(MAILBOX, "d-wanted", nobodyKnows, signal);
  assert.ok(!google.seen("list")[0]?.url.includes("q="), "it searches");
  assert.match(google.seen("get")[0]?.url ?? "", /format=metadata/);
});

test("opens no draft that is accounted for", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  fill(google, [
    ["r4", "d-1"],
    ["r3", "d-2"],
    ["r2", null],
    ["r1", "d-wanted"],
  ]);
  const known = new Set(["r4", "r3"]);
  await gmail.findDraft(MAILBOX, "d-wanted", async (id) => known.has(id), signal);
  assert.deepEqual(opened(google), ["r1", "r2"]);
});

test("opens each draft once, however many searches there are", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  fill(google, [
    ["r3", null],
    ["r2", "d-2"],
    ["r1", "d-1"],
  ]);
  assert.equal((await gmail.findDraft(MAILBOX, "d-1", nobodyKnows, signal))?.draftId, "r1");
  assert.equal((await gmail.findDraft(MAILBOX, "d-2", nobodyKnows, signal))?.draftId, "r2");
  assert.equal(await gmail.findDraft(MAILBOX, "d-3", nobodyKnows, signal), null);
  assert.deepEqual(opened(google), ["r1", "r2", "r3"]);
});

test("gives up after the newest drafts that it may open", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google, { findMax: 2 });
  fill(google, [
    ["r3", null],
    ["r2", null],
    ["r1", "d-wanted"],
  ]);
  assert.equal(await gmail.findDraft(MAILBOX, "d-wanted", nobodyKnows, signal), null);
  assert.deepEqual(opened(google), ["r2", "r3"]);
});

test("passes over a draft that was sent or thrown away since it was listed", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  fill(google, [
    ["r2", null],
    ["r1", "d-wanted"],
  ]);
  google.on("get", ({ url }): Reply => {
    if (url.includes("r1")) {
      const headers = [{ name: "X-Draftmill-Id", value: "d-wanted" }];
      return { body: { id: "r1", message: { payload: { headers } } } };
    }
    const error = { code: 404, message: "Requested entity was not found.", errors: [{ reason: "notFound" }] };
    return { status: 404, body: { error } };
  });
  assert.equal((await gmail.findDraft(MAILBOX, "d-wanted", nobodyKnows, signal))?.draftId, "r1");
});

const FAILURES: ReadonlyArray<readonly [route: "list" | "get", reply: Reply, code: string]> = [
  ["list", { status: 500, body: "" }, "GMAIL_UNAVAILABLE"],
  ["get", { status: 503, body: "" }, "GMAIL_UNAVAILABLE"],
  ["get", { instead: (response) => response.socket?.destroy() }, "GMAIL_UNAVAILABLE"],
  ["list", { status: 429, body: "" }, "GMAIL_THROTTLED"],
];

for (const [index, [route, reply, code]] of FAILURES.entries()) {
  test(`a search that fails has made nothing, and is not repeated underhand: ${route}, ${code} (${index})`, async (t) => {
    const google = await startScriptedGoogle(t);
    const { gmail } = openScriptedGmail(google);
    fill(google, [["r1", null]]);
    google.on(route, () => reply);
    const search = gmail.findDraft(MAILBOX, "d-wanted", nobodyKnows, signal);
    await assert.rejects(search, { name: "DraftError", code, applied: "no" });
    assert.equal(google.seen(route).length, 1);
  });
}
