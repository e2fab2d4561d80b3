import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import type { ErrorCode } from "@draftmill/shared/error-codes.ts";
import { anApi, MAILBOX, post, REQUEST } from "./api-under-test.ts";
import { anApiWithCallers } from "./callers-under-test.ts";

const LONG = "x".repeat(8 * 1024 * 1024 + 1);
const NOT_UTF8 = Buffer.concat([
  Buffer.from('{"to":"a@example.com","subject":"'),
  Buffer.from([0xe9]),
  Buffer.from('"}'),
]);

const BAD_BODIES: readonly (readonly [string, string | Buffer | object, number, ErrorCode])[] = [
  ["cut JSON", '{"to":', 400, "BODY_MALFORMED"],
  ["nothing", "", 400, "BODY_MALFORMED"],
  ["null", "null", 400, "BODY_MALFORMED"],
  ["an array", [REQUEST], 400, "BODY_MALFORMED"],
  ["a text", '"hello"', 400, "BODY_MALFORMED"],
  ["two objects", "{}{}", 400, "BODY_MALFORMED"],
  ["Latin-1", NOT_UTF8, 400, "BODY_MALFORMED"],
  ["a key for the prototype", '{"__proto__":{"to":"a@example.com"}}', 400, "BODY_MALFORMED"],
  ["a key for the constructor's prototype", '{"constructor":{"prototype":{}}}', 400, "BODY_MALFORMED"],
  ["more than 8 MiB", { ...REQUEST, message: LONG }, 413, "BODY_TOO_LARGE"],
  ["an unknown field", { ...REQUEST, bbc: "x" }, 422, "REQUEST_INVALID"],
  ["a number for a text", { ...REQUEST, subject: 12 }, 422, "REQUEST_INVALID"],
  ["a line break in the subject", { ...REQUEST, subject: "a\r\nBcc: b@example.com" }, 422, "REQUEST_INVALID"],
  ["nesting without end", `${"[".repeat(100_000)}`, 400, "BODY_MALFORMED"],
  ["a mailbox that is not on the list", { ...REQUEST, mailbox: "boss@corp.example" }, 403, "MAILBOX_NOT_ALLOWED"],
  ["a look-alike of a listed domain", { ...REQUEST, mailbox: "a@eviltеam.example" }, 403, "MAILBOX_NOT_ALLOWED"],
];

for (const [name, body, status, code] of BAD_BODIES) {
  test(`a body of ${name} is refused as ${code} and leaves no trace`, async (t) => {
    const { app, publisher, ledger } = await anApi(t);
    const answer = await post(app, "/v1/drafts", body);
    const problem = answer.json();
    assert.equal(answer.statusCode, status);
    assert.equal(answer.headers["content-type"], "application/problem+json; charset=utf-8");
    assert.equal(problem.code, code);
    assert.equal(problem.status, status);
    assert.equal(problem.retryable, false);
    if (status === 403) assert.deepEqual(problem.errors[0]?.pointer, "/mailbox");
    assert.equal(problem.requestId, answer.headers["x-request-id"]);
    assert.equal(publisher.published.length, 0);
    assert.equal((await ledger.list({ limit: 1 })).items.length, 0);
  });
}

test("every wrong field is named at once, by its pointer", async (t) => {
  const { app } = await anApi(t);
  const answer = await post(app, "/v1/drafts", {
    to: ["ada@example.com", "nobody"],
    cc: "x@y",
    subject: "a\nb",
    message: "a\u0000b",
    mailbox: "rep",
  });
  const pointers = answer.json().errors.map(({ pointer }: { pointer: string }) => pointer);
  assert.deepEqual(pointers.toSorted(), ["/cc", "/mailbox", "/message", "/subject", "/to/1"]);
});

test("without a default mailbox a request that names none is told so", async (t) => {
  const { app } = await anApi(t, { defaultMailbox: null });
  const answer = await post(app, "/v1/drafts", REQUEST);
  assert.equal(answer.statusCode, 422);
  assert.equal(answer.json().errors[0].pointer, "/mailbox");
  assert.equal((await post(app, "/v1/drafts", { ...REQUEST, mailbox: MAILBOX })).statusCode, 202);
});

for (const type of [
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/jso",
]) {
  test(`a body of type ${type} is not read`, async (t) => {
    const { app } = await anApi(t);
    const answer = await post(app, "/v1/drafts", JSON.stringify(REQUEST), { "content-type": type });
    assert.equal(answer.statusCode, 415);
    assert.equal(answer.json().code, "MEDIA_TYPE_UNSUPPORTED");
  });
}

for (const coding of ["gzip", "br", "deflate", "identity, gzip", "GZIP"]) {
  test(`a body of Content-Encoding ${coding} is refused by that name, and nothing is unpacked`, async (t) => {
    const { app } = await anApi(t);
    const body = gzipSync(JSON.stringify(REQUEST));
    const answer = await post(app, "/v1/drafts", body, { "content-encoding": coding });
    assert.equal(answer.statusCode, 415);
    assert.equal(answer.json().errors[0].pointer, "/headers/content-encoding");
    assert.equal(answer.headers["accept-encoding"], "identity");
    const plain = await post(app, "/v1/drafts", REQUEST, { "content-encoding": "identity" });
    assert.equal(plain.statusCode, 202);
  });
}

test("a charset beside application/json is welcome", async (t) => {
  const { app } = await anApi(t);
  const answer = await post(app, "/v1/drafts", REQUEST, { "content-type": "application/json; charset=UTF-8" });
  assert.equal(answer.statusCode, 202);
});

for (const [name, key] of Object.entries({
  empty: "",
  "too long": "k".repeat(256),
  spaced: "a b",
  "not ASCII": "clé",
})) {
  test(`an Idempotency-Key that is ${name} is refused by name`, async (t) => {
    const { app, publisher } = await anApi(t);
    const answer = await post(app, "/v1/drafts", REQUEST, { "idempotency-key": key });
    assert.equal(answer.statusCode, 400);
    assert.equal(answer.json().code, "HEADER_INVALID");
    assert.equal(answer.json().errors[0].pointer, "/headers/idempotency-key");
    assert.equal(publisher.published.length, 0);
  });
}

for (const path of ["/nowhere", "/v1", "/v1/drafts/", "/%zz", `/v1/drafts/${"x".repeat(129)}`, "/%2e%2e/etc"]) {
  test(`GET ${path.slice(0, 20)} is a problem with a code, not Fastify's own words`, async (t) => {
    const { app } = await anApi(t);
    const answer = await app.inject(path);
    assert.equal(answer.statusCode, 404);
    assert.match(answer.json().code, /^(ROUTE|DRAFT)_NOT_FOUND$/);
    assert.match(String(answer.headers["content-type"]), /^application\/problem\+json/);
  });
}

test("a method that a route does not have is a problem as well", async (t) => {
  const { app } = await anApi(t);
  const answer = await app.inject({ method: "DELETE", url: "/v1/drafts" });
  assert.equal(answer.json().code, "ROUTE_NOT_FOUND");
});

test("a caller without identity is refused before the body is read, and asked for a bearer token", async (t) => {
  const { app } = await anApiWithCallers(t);
  const answer = await post(app, "/v1/drafts", "{ not even JSON");
  assert.equal(answer.statusCode, 401);
  assert.equal(answer.json().code, "UNAUTHENTICATED");
  assert.equal(answer.headers["www-authenticate"], "Bearer");
  for (const url of ["/v1/drafts", "/v1/drafts/x"]) assert.equal((await app.inject(url)).statusCode, 401);
  for (const url of ["/", "/health/live", "/openapi.json", "/callers.schema.json"])
    assert.equal((await app.inject(url)).statusCode, 200);
});

test("a ledger that is away is a 503 to try again, on every route that needs it", async (t) => {
  const { app, ledger, publisher } = await anApi(t);
  await ledger.close();
  for (const answer of [
    await post(app, "/v1/drafts", REQUEST),
    await post(app, "/", REQUEST),
    await app.inject("/v1/drafts/x"),
    await app.inject("/v1/drafts"),
  ]) {
    assert.equal(answer.statusCode, 503);
    assert.equal(answer.json().code, "LEDGER_UNAVAILABLE");
    assert.match(String(answer.headers["retry-after"]), /^[1-9]\d*$/);
  }
  assert.equal(publisher.published.length, 0);
});

test("the words of an unforeseen fault reach the log and not the caller", async (t) => {
  const { app, events } = await anApi(t, {
    newId: () => {
      throw new TypeError("secret of the house");
    },
  });
  const answer = await post(app, "/v1/drafts", REQUEST, { traceparent: `00-${"ab".repeat(16)}-${"cd".repeat(8)}-01` });
  assert.equal(answer.statusCode, 500);
  assert.equal(answer.json().code, "INTERNAL");
  assert.ok(!answer.body.includes("secret"));
  const failed = events.find(({ message }) => message === "request.failed");
  assert.equal(failed?.requestId, answer.json().requestId);
  assert.match(JSON.stringify(failed), /secret of the house/);
});
