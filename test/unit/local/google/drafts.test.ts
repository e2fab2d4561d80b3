import assert from "node:assert/strict";
import { test } from "node:test";
import {
  at,
  call,
  draftBody,
  gmailCall,
  gmailClient,
  message,
  openGoogle,
  settableClock,
  userToken,
} from "./google-harness.ts";

const USER = "ada@example.com";

function rawOf(text: string): string {
  return Buffer.from(text).toString("base64url");
}

test("Google's own client creates, lists, reads, replaces and deletes a draft", async (t) => {
  const google = await openGoogle(t);
  const gmail = await gmailClient(google, USER);
  const raw = rawOf(message({ To: "Grace <grace@example.com>", Subject: "=?utf-8?Q?Caf=C3=A9?=" }, "Où ?"));
  const created = (await gmail.users.drafts.create({ userId: "me", requestBody: { message: { raw } } })).data;
  assert.match(created.id ?? "", /^r-?\d+$/);
  assert.match(created.message?.id ?? "", /^[0-9a-f]{16}$/);
  assert.deepEqual(created.message?.labelIds, ["DRAFT"]);
  assert.equal(created.message?.threadId, created.message?.id, "a draft without a thread starts one");

  const listed = (await gmail.users.drafts.list({ userId: USER })).data;
  assert.deepEqual(listed.drafts, [
    { id: created.id, message: { id: created.message?.id, threadId: created.message?.threadId } },
  ]);

  const id = String(created.id);
  const full = (await gmail.users.drafts.get({ userId: "me", id })).data.message;
  assert.equal(full?.payload?.headers?.find(({ name }) => name === "Subject")?.value, "Café");
  assert.equal(Buffer.from(full?.payload?.body?.data ?? "", "base64url").toString(), "Où ?");
  assert.equal(full?.snippet, "Où ?");

  const replaced = (await gmail.users.drafts.update({ userId: "me", id, requestBody: draftBody() })).data;
  assert.equal(replaced.id, id, "the draft's id stays");
  assert.notEqual(replaced.message?.id, created.message?.id, "the message's does not");
  assert.equal(replaced.message?.threadId, created.message?.threadId);

  assert.equal((await gmail.users.drafts.delete({ userId: "me", id })).status, 204);
  const empty = (await gmail.users.drafts.list({ userId: "me" })).data;
  assert.deepEqual(empty, { resultSizeEstimate: 0 });
  assert.deepEqual(google.violations, []);
});

test("the Message-ID is Gmail's own; every other header stays as it was sent", async (t) => {
  const google = await openGoogle(t);
  const token = await userToken(google, USER);
  const sent = {
    "Message-ID": "<mine@example.com>",
    "X-Draftmill-Id": "req-1",
    Bcc: "archive@example.com",
    From: "Ada <ada@example.com>",
    Date: "Mon, 02 Nov 2026 08:00:00 +0000",
  };
  await gmailCall(google, token, "POST", "/drafts", draftBody(sent));
  const [draft] = google.drafts(USER);
  const headers = new Map(draft?.headers.map(({ name, value }) => [name, value]));
  assert.match(headers.get("Message-ID") ?? "", /^<CA[\w-]+@mail\.gmail\.com>$/);
  for (const [name, value] of Object.entries(sent)) {
    if (name !== "Message-ID") assert.equal(headers.get(name), value, name);
  }
  assert.ok(!draft?.raw.includes("mine@example.com"));
});

test("bare line feeds become CRLF, and the four formats show the same message", async (t) => {
  const google = await openGoogle(t);
  const token = await userToken(google, USER);
  const raw = rawOf("To: grace@example.com\nSubject: Hi & <bye>\n\nline one\nline <two>\n");
  const created = await gmailCall(google, token, "POST", "/drafts", { message: { raw } });
  const path = `/drafts/${at(created.json, "id")}?format=`;
  const source = String(at((await gmailCall(google, token, "GET", `${path}raw`)).json, "message", "raw"));
  const text = Buffer.from(source, "base64url").toString();
  assert.doesNotMatch(text, /[^\r]\n/);
  assert.ok(text.endsWith("\r\n\r\nline one\r\nline <two>\r\n"));

  const minimal = at((await gmailCall(google, token, "GET", `${path}minimal`)).json, "message");
  assert.equal(at(minimal, "payload"), undefined);
  assert.equal(at(minimal, "snippet"), "line one line &lt;two&gt;", "a snippet is HTML text");
  assert.equal(at(minimal, "sizeEstimate"), text.length);
  const metadata = at((await gmailCall(google, token, "GET", `${path}metadata`)).json, "message", "payload");
  assert.equal(at(metadata, "body"), undefined);
  assert.ok(JSON.stringify(at(metadata, "headers")).includes("Hi & <bye>"));
});

test("a list is newest first, in pages, and an update brings a draft to the top", async (t) => {
  const google = await openGoogle(t);
  const token = await userToken(google, USER);
  const ids: string[] = [];
  for (let number = 0; number < 5; number += 1) {
    ids.push(String(at((await gmailCall(google, token, "POST", "/drafts", draftBody())).json, "id")));
  }
  await gmailCall(google, token, "PUT", `/drafts/${ids[1]}`, draftBody());
  const seen: unknown[] = [];
  let pageToken = "";
  do {
    const page = await gmailCall(google, token, "GET", `/drafts?maxResults=2&pageToken=${pageToken}`);
    seen.push(...[0, 1].map((index) => at(page.json, "drafts", index, "id")).filter((id) => id !== undefined));
    pageToken = String(at(page.json, "nextPageToken") ?? "");
    assert.equal(at(page.json, "resultSizeEstimate"), 5);
  } while (pageToken !== "");
  assert.deepEqual(seen, [ids[1], ids[4], ids[3], ids[2], ids[0]]);
});

test("a list that lags leaves new drafts out until they are so old or shown; they are there by their ids", async (t) => {
  const clock = settableClock();
  const google = await openGoogle(t, { clock });
  const token = await userToken(google, USER);
  const create = async () => String(at((await gmailCall(google, token, "POST", "/drafts", draftBody())).json, "id"));
  const listed = async (query = "") => {
    const drafts = at((await gmailCall(google, token, "GET", `/drafts${query}`)).json, "drafts");
    return Array.isArray(drafts) ? drafts.map((draft) => at(draft, "id")) : [];
  };
  const older = await create();
  clock.advance(60_000);
  google.admin.setListLag("Ada@example.com", 30_000);
  const newer = await create();
  assert.deepEqual(await listed(), [older]);
  const assigned = google.drafts(USER)[0]?.headers.find(({ name }) => name === "Message-ID")?.value ?? "";
  assert.deepEqual(await listed(`?q=${encodeURIComponent(`rfc822msgid:${assigned}`)}`), []);
  assert.equal((await gmailCall(google, token, "GET", `/drafts/${newer}`)).status, 200);
  clock.advance(30_000);
  assert.deepEqual(await listed(), [newer, older]);

  google.admin.setListLag(USER, Number.POSITIVE_INFINITY);
  assert.deepEqual(await listed(), []);
  assert.equal(google.drafts(USER).length, 2);
  google.admin.setListLag(USER, 0);
  assert.deepEqual(await listed(), [newer, older]);
});

test("q finds a draft by the Message-ID that was assigned; any other search is refused, not guessed", async (t) => {
  const google = await openGoogle(t);
  const token = await userToken(google, USER);
  await gmailCall(google, token, "POST", "/drafts", draftBody({ To: USER, "Message-ID": "<mine@example.com>" }));
  const [draft] = google.drafts(USER);
  const assigned = draft?.headers.find(({ name }) => name === "Message-ID")?.value ?? "";
  const search = (q: string) => gmailCall(google, token, "GET", `/drafts?q=${encodeURIComponent(q)}`);
  assert.equal(at((await search(`rfc822msgid:${assigned}`)).json, "drafts", 0, "id"), draft?.id);
  assert.equal(at((await search("rfc822msgid:mine@example.com")).json, "drafts"), undefined);
  assert.equal((await search("subject:hello")).status, 400);
});

test("a draft goes into a thread of its own mailbox only", async (t) => {
  const google = await openGoogle(t);
  const token = await userToken(google, USER);
  const threadId = google.admin.addThread(USER, "Hello");
  const into = (thread: string) => ({ message: { ...draftBody().message, threadId: thread } });
  const reply = await gmailCall(google, token, "POST", "/drafts", into(threadId));
  assert.equal(at(reply.json, "message", "threadId"), threadId);
  const foreign = google.admin.addThread("grace@example.com", "Hello");
  const refused = await gmailCall(google, token, "POST", "/drafts", into(foreign));
  assert.deepEqual([refused.status, at(refused.json, "error", "errors", 0, "reason")], [404, "notFound"]);
  for (const unreadable of ["FMfcgzQfCMsvMmcQTcpPjxjzNRcJNfMN", `${threadId}0`, "thread-f:1"]) {
    const reply = await gmailCall(google, token, "POST", "/drafts", into(unreadable));
    assert.deepEqual([reply.status, at(reply.json, "error", "message")], [400, "Invalid thread_id value"], unreadable);
  }
  assert.equal(google.drafts(USER).length, 1);
});

test("a sender stays as it was sent until the user's addresses are told; then one that is none of them is replaced", async (t) => {
  const google = await openGoogle(t);
  const token = await userToken(google, USER);
  const sentFrom = async (From: string) => {
    await gmailCall(google, token, "POST", "/drafts", draftBody({ To: USER, From, Subject: "s" }));
    return google
      .drafts(USER)[0]
      ?.headers.filter(({ name }) => name === "From")
      .map(({ value }) => value);
  };
  assert.deepEqual(await sentFrom("Boss <boss@example.com>"), ["Boss <boss@example.com>"]);
  google.admin.setAliases(USER, ["Sales@example.com"]);
  assert.deepEqual(await sentFrom("Sales <sales@example.com>"), ["Sales <sales@example.com>"]);
  assert.deepEqual(await sentFrom("Ada <ADA@example.com>"), ["Ada <ADA@example.com>"]);
  assert.deepEqual(await sentFrom("Boss <boss@example.com>"), [USER]);
  assert.deepEqual(await sentFrom("Sales <sales@example.com>, boss@example.com"), [USER]);
});

test("fields cuts the answer, and refuses what no resource has", async (t) => {
  const google = await openGoogle(t);
  const token = await userToken(google, USER);
  await gmailCall(google, token, "POST", "/drafts", draftBody());
  await gmailCall(google, token, "POST", "/drafts", draftBody());
  const [newest, oldest] = google.drafts(USER);
  const page = await gmailCall(
    google,
    token,
    "GET",
    "/drafts?maxResults=1&fields=drafts(id,message/threadId),nextPageToken",
  );
  assert.deepEqual(at(page.json, "drafts"), [{ id: newest?.id, message: { threadId: newest?.threadId } }]);
  assert.deepEqual(Object.keys(Object(page.json)), ["drafts", "nextPageToken"]);
  const headers = await gmailCall(
    google,
    token,
    "GET",
    `/drafts/${oldest?.id}?format=metadata&fields=id,message/payload/headers`,
  );
  assert.deepEqual(Object.keys(Object(at(headers.json, "message", "payload"))), ["headers"]);
  for (const wrong of ["draft", "drafts(id", "drafts/", "drafts id"]) {
    const reply = await gmailCall(google, token, "GET", `/drafts?fields=${encodeURIComponent(wrong)}`);
    assert.equal(reply.status, 400, wrong);
  }
});

test("profile and send-as address are the user's; the settings need a wider scope than gmail.compose", async (t) => {
  const google = await openGoogle(t);
  const profile = await gmailCall(google, await userToken(google, USER), "GET", "/profile");
  assert.deepEqual([profile.status, at(profile.json, "emailAddress")], [200, USER]);
  const narrow = await gmailCall(google, await userToken(google, USER), "GET", "/settings/sendAs");
  assert.equal(at(narrow.json, "error", "details", 0, "reason"), "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
});

test("sending is refused and leaves a violation behind", async (t) => {
  const google = await openGoogle(t);
  const token = await userToken(google, USER);
  await gmailCall(google, token, "POST", "/drafts", draftBody());
  const [draft] = google.drafts(USER);
  assert.deepEqual(google.violations, []);
  assert.equal((await gmailCall(google, token, "POST", "/drafts/send", { id: draft?.id })).status, 403);
  assert.equal((await gmailCall(google, token, "POST", "/messages/send", draftBody().message)).status, 403);
  assert.deepEqual(google.violations, ["drafts.send was called", "messages.send was called"]);
  assert.equal(google.drafts(USER).length, 1);
});

test("a path that Google does not have is answered with its HTML page", async (t) => {
  const google = await openGoogle(t);
  for (const path of ["/gmail/v2/users/me/drafts", "/oauth2/token", "/batch/gmail/v1", "/gmail/v1/users/me/messages"]) {
    const reply = await call(`${google.url}${path}`, { method: "POST", body: "{}" });
    assert.equal(reply.status, 404, path);
    assert.match(reply.headers.get("content-type") ?? "", /^text\/html/);
  }
});
