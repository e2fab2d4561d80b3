import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DraftError } from "@draftmill/shared/errors.ts";
import { fetchAllowedOnly } from "@draftmill/worker/gmail/allowed-calls.ts";
import { openGoogleTransport } from "@draftmill/worker/google/google-transport.ts";
import { AccessToken } from "@draftmill/worker/token/access-token.ts";
import type { MintToken } from "@draftmill/worker/token/delegated-client.ts";
import { createDelegatedClients } from "@draftmill/worker/token/delegated-clients.ts";
import { gmail } from "googleapis/build/src/apis/gmail/index.js";

const ORIGIN = "https://gmail.example.test";

/** Whatever a path of the library's may be made of. */
const PARAMETERS = {
  id: "x",
  messageId: "x",
  threadId: "x",
  sendAsEmail: "x@example.com",
  delegateEmail: "x@example.com",
  forwardingEmail: "x@example.com",
  cseEmailAddress: "x@example.com",
  emailAddress: "x@example.com",
  keyPairId: "x",
};

type Call = (parameters: object, options: object) => Promise<unknown>;

/** Every method of the library's whole Gmail client, by its name in the API. */
function* methodsOf(resource: object, path: readonly string[] = []): Generator<{ name: string; call: Call }> {
  const prototype: object = Object.getPrototypeOf(resource);
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const method = Reflect.get(resource, name);
    if (name !== "constructor" && typeof method === "function") {
      yield { name: [...path, name].join("."), call: method.bind(resource) };
    }
  }
  for (const [name, child] of Object.entries(resource)) {
    if (name !== "context" && typeof child === "object" && child !== null) yield* methodsOf(child, [...path, name]);
  }
}

function line() {
  const left: string[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const { pathname } = new URL(String(input));
    left.push(`${init?.method ?? "GET"} ${pathname}`);
    return Response.json({ id: "x" });
  };
  const guarded = fetchAllowedOnly(ORIGIN, fetch);
  const mint: MintToken = async (mailbox) => new AccessToken(mailbox, "token", Date.now() + 3_600_000);
  const client = createDelegatedClients(mint, openGoogleTransport(1_000, guarded), 1).clientFor("me@example.com");
  return { left, guarded, client };
}

describe("the calls that may reach Gmail", () => {
  it("of every method that the client library has, ten get as far as the network", async () => {
    const { left, client } = line();
    const reached: string[] = [];
    const refused: string[] = [];
    const media = { mimeType: "message/rfc822", body: "Subject: x\r\n\r\nx" };
    for (const { name, call } of methodsOf(gmail("v1"))) {
      for (const content of [{ requestBody: {} }, { requestBody: {}, media }]) {
        const before = left.length;
        const outcome = await call(
          { ...PARAMETERS, userId: "me", ...content },
          { auth: client, rootUrl: ORIGIN, retry: false },
        ).then(
          () => null,
          (error: unknown) => error,
        );
        if (left.length > before) reached.push(name);
        else refused.push(name);
        if (left.length === before) assert.ok(isOurs(outcome), `${name}: ${outcome}`);
      }
    }
    assert.deepEqual([...new Set(reached)].sort(), [
      "users.drafts.create",
      "users.drafts.delete",
      "users.drafts.get",
      "users.drafts.list",
      "users.drafts.update",
      "users.getProfile",
      "users.settings.sendAs.get",
      "users.settings.sendAs.list",
    ]);
    for (const sends of [
      "users.drafts.send",
      "users.messages.send",
      "users.messages.insert",
      "users.messages.import",
    ]) {
      assert.ok(refused.includes(sends), sends);
    }
    assert.ok(refused.length > 100, `${refused.length} refused: the walk has missed most of the client`);
    assert.deepEqual([...new Set(left)].sort(), [
      "DELETE /gmail/v1/users/me/drafts/x",
      "GET /gmail/v1/users/me/drafts",
      "GET /gmail/v1/users/me/drafts/x",
      "GET /gmail/v1/users/me/profile",
      "GET /gmail/v1/users/me/settings/sendAs",
      "GET /gmail/v1/users/me/settings/sendAs/x%40example.com",
      "POST /gmail/v1/users/me/drafts",
      "POST /upload/gmail/v1/users/me/drafts",
      "PUT /gmail/v1/users/me/drafts/x",
      "PUT /upload/gmail/v1/users/me/drafts/x",
    ]);
  });

  const path = `${ORIGIN}/gmail/v1/users/me`;
  const KEPT_BACK: readonly [what: string, url: string, init?: RequestInit][] = [
    ["a send", `${path}/drafts/send`, { method: "POST" }],
    ["a send in small letters", `${path}/drafts/send`, { method: "post" }],
    ["a send by another spelling of the path", `${path}/drafts/x/../send`, { method: "POST" }],
    ["a send with an encoded slash", `${path}/drafts%2Fsend`, { method: "POST" }],
    ["a batch", `${ORIGIN}/batch/gmail/v1`, { method: "POST" }],
    ["another user's drafts", `${ORIGIN}/gmail/v1/users/boss@example.com/drafts`, { method: "POST" }],
    ["another host", "https://gmail.example.test.example.org/gmail/v1/users/me/drafts"],
    ["another port", `${ORIGIN}:8443/gmail/v1/users/me/drafts`],
    ["another scheme", "http://gmail.example.test/gmail/v1/users/me/drafts"],
    ["a method put in place of another", `${path}/drafts/x`, { headers: { "X-HTTP-Method-Override": "POST" } }],
    ["a change of a setting", `${path}/settings/sendAs`, { method: "POST" }],
  ];
  for (const [what, url, init] of KEPT_BACK) {
    it(`keeps back ${what}, and says so without an address`, async () => {
      const { left, guarded } = line();
      await assert.rejects(guarded(url, init), (error) => {
        assert.ok(error instanceof DraftError);
        assert.deepEqual([error.code, error.applied], ["INTERNAL", "no"]);
        assert.match(error.reason, /kept back/);
        assert.doesNotMatch(error.reason, /boss|drafts\//);
        return true;
      });
      await assert.rejects(guarded(new Request(url, init)), DraftError);
      assert.deepEqual(left, []);
    });
  }
});

/** Somewhere in what the client library made of it. */
function isOurs(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof DraftError) return true;
  return false;
}
