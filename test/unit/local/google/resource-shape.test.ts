import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import type { ProfileResource, SendAsResource } from "@draftmill/local/google/gmail/account-routes.ts";
import type { DraftResource, MessageResource, PayloadResource } from "@draftmill/local/google/gmail/draft-resource.ts";
import type { gmail_v1 } from "googleapis/build/src/apis/gmail/v1.js";
import { assertion, at, claimsFor, draftBody, exchange, gmailCall, openGoogle } from "./google-harness.ts";

const SETTINGS = "https://www.googleapis.com/auth/gmail.settings.basic";
const COMPOSE = "https://www.googleapis.com/auth/gmail.compose";

// The compiler's half: what the sandbox answers may be used wherever Google's generated types are asked for.
type Fits<Ours extends Theirs, Theirs> = Ours;
export type DraftFits = Fits<DraftResource, gmail_v1.Schema$Draft>;
export type MessageFits = Fits<MessageResource, gmail_v1.Schema$Message>;
export type PayloadFits = Fits<PayloadResource, gmail_v1.Schema$MessagePart>;
export type ProfileFits = Fits<ProfileResource, gmail_v1.Schema$Profile>;
export type SendAsFits = Fits<SendAsResource, gmail_v1.Schema$SendAs>;

const TYPES = readFileSync(
  createRequire(import.meta.url)
    .resolve("googleapis/build/src/apis/gmail/v1.js")
    .replace(/\.js$/, ".d.ts"),
  "utf8",
);

/** The fields of a schema in the generated types, each with the name of the schema it holds, if any. */
function fieldsOf(schema: string): ReadonlyMap<string, string | undefined> {
  const body = new RegExp(`interface Schema\\$${schema} \\{([\\s\\S]*?)\\n    \\}`).exec(TYPES)?.[1];
  assert.ok(body !== undefined, `no Schema$${schema} in the generated types`);
  const fields = [...body.matchAll(/^ {8}(\w+)\?: (?:Schema\$(\w+))?/gm)];
  return new Map(fields.map(([, name = "", inner]) => [name, inner]));
}

/** Fails on a field, at any depth, that Google's schema does not have. */
function assertShape(value: unknown, schema: string, path: string): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) assertShape(item, schema, `${path}[${index}]`);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const known = fieldsOf(schema);
  for (const [name, inner] of Object.entries(value)) {
    assert.ok(known.has(name), `${path}.${name} is not in Schema$${schema}`);
    const innerSchema = known.get(name);
    if (innerSchema !== undefined) assertShape(inner, innerSchema, `${path}.${name}`);
  }
}

test("the shape check can fail", () => {
  assert.throws(() => assertShape({ message: { payload: { headers: [{ nmae: "To" }] } } }, "Draft", "draft"), /nmae/);
});

test("every Gmail answer has no field that Google's schema lacks", async (t) => {
  const google = await openGoogle(t, { delegatedScopes: [COMPOSE, SETTINGS] });
  google.admin.setAliases("ada@example.com", ["sales@example.com"]);
  const claims = { ...claimsFor(google, "ada@example.com"), scope: `${COMPOSE} ${SETTINGS}` };
  const token = String(at((await exchange(google, await assertion(google, claims))).json, "access_token"));
  const body = draftBody(
    { To: "grace@example.com", "Content-Type": 'multipart/mixed; boundary="b"' },
    "--b\r\nContent-Type: text/plain\r\n\r\nHi\r\n--b\r\nContent-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n--b--\r\n",
  );
  const created = (await gmailCall(google, token, "POST", "/drafts", body)).json;
  const id = String(at(created, "id"));
  await gmailCall(google, token, "POST", "/drafts", draftBody());
  assertShape(created, "Draft", "create");
  const cases: readonly (readonly [method: string, path: string, schema: string, body?: unknown])[] = [
    ["GET", "/drafts?maxResults=1", "ListDraftsResponse"],
    ["GET", `/drafts/${id}`, "Draft"],
    ["GET", `/drafts/${id}?format=metadata`, "Draft"],
    ["GET", `/drafts/${id}?format=minimal`, "Draft"],
    ["GET", `/drafts/${id}?format=raw`, "Draft"],
    ["PUT", `/drafts/${id}`, "Draft", body],
    ["GET", "/profile", "Profile"],
    ["GET", "/settings/sendAs", "ListSendAsResponse"],
    ["GET", "/settings/sendAs/ada@example.com", "SendAs"],
    ["GET", "/settings/sendAs/sales@example.com", "SendAs"],
  ];
  for (const [method, path, schema, sent] of cases) {
    const reply = await gmailCall(google, token, method, path, sent);
    assert.equal(reply.status, 200, path);
    assert.ok(Object.keys(Object(reply.json)).length > 0, path);
    assertShape(reply.json, schema, path);
  }
});
