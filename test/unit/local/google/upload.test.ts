import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { at, call, gmailClient, message, openGoogle, userToken } from "./google-harness.ts";

const USER = "ada@example.com";

test("Google's own client uploads a message, with and without metadata, and replaces it", async (t) => {
  const google = await openGoogle(t);
  const gmail = await gmailClient(google, USER);
  const threadId = google.admin.addThread(USER, "Hello");
  const media = (subject: string) => ({
    mimeType: "message/rfc822",
    body: Readable.from([Buffer.from(message({ To: USER, Subject: subject }, "à bientôt\r\n--not a boundary\r\n"))]),
  });
  // The client takes rootUrl for uploads from the call alone.
  const here = { rootUrl: `${google.url}/` };
  const both = await gmail.users.drafts.create(
    { userId: "me", requestBody: { message: { threadId } }, media: media("both") },
    here,
  );
  assert.equal(both.data.message?.threadId, threadId);
  await gmail.users.drafts.create({ userId: "me", media: media("alone") }, here);
  assert.deepEqual(
    google.drafts(USER).map(({ headers }) => headers.find(({ name }) => name === "Subject")?.value),
    ["alone", "both"],
  );
  for (const { raw } of google.drafts(USER)) assert.ok(raw.toString().endsWith("à bientôt\r\n--not a boundary\r\n"));

  const id = String(both.data.id);
  const updated = await gmail.users.drafts.update({ userId: "me", id, requestBody: {}, media: media("again") }, here);
  assert.equal(updated.data.id, id);
  assert.equal(google.drafts(USER)[0]?.headers.find(({ name }) => name === "Subject")?.value, "again");
});

test("an upload carries what JSON cannot, up to 35 MiB", async (t) => {
  const google = await openGoogle(t);
  const token = await userToken(google, USER);
  const upload = (bytes: number, contentType = "message/rfc822", type = "media") =>
    call(`${google.url}/upload/gmail/v1/users/me/drafts?uploadType=${type}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": contentType },
      body: Buffer.concat([Buffer.from(message({ To: USER }, "")), Buffer.alloc(bytes, "x")]),
    });
  assert.equal((await upload(8_000_000)).status, 200);
  assert.equal((await upload(36_700_161)).status, 413);
  assert.equal((await upload(10, "text/plain")).status, 400, "media must be message/*");
  assert.equal((await upload(10, "message/rfc822", "resumable")).status, 400, "the sandbox has no resumable protocol");
  assert.equal((await upload(10, "multipart/related", "multipart")).status, 400, "no boundary");
  assert.equal(google.drafts(USER).length, 1);
});

test("an upload is checked as a JSON draft is", async (t) => {
  const google = await openGoogle(t);
  const url = `${google.url}/upload/gmail/v1/users/me/drafts?uploadType=media`;
  const init = { method: "POST", headers: { "content-type": "message/rfc822" }, body: message({ To: "human@f" }) };
  assert.equal((await call(url, init)).status, 401);
  const headers = { ...init.headers, authorization: `Bearer ${await userToken(google, USER)}` };
  const reply = await call(url, { ...init, headers });
  assert.equal(at(reply.json, "error", "message"), "Invalid To header");
});
