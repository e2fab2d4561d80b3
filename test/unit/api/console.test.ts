import assert from "node:assert/strict";
import { test } from "node:test";
import { CONSOLE_FILE_NAMES } from "@draftmill/api/console-files.ts";
import { readText } from "../../support/readme.ts";
import { anApi, aRecord } from "./api-under-test.ts";
import { anApiWithCallers } from "./callers-under-test.ts";

const BROWSER = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };
const FOLDER = "services/api/src/console";

test("GET / is the console for a browser and JSON for a program", async (t) => {
  const { app } = await anApi(t);
  const page = await app.inject({ url: "/", headers: BROWSER });
  assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
  assert.equal(page.body, readText(`${FOLDER}/console.html`));
  for (const accept of [undefined, "*/*", "application/json"]) {
    const answer = await app.inject({ url: "/", headers: accept === undefined ? {} : { accept } });
    assert.deepEqual(answer.json(), { service: "draftmill", routes: "/openapi.json", health: "/health/ready" });
    assert.equal(answer.headers["cache-control"], "no-store");
  }
  for (const { headers } of [page, await app.inject("/")]) assert.equal(headers.vary, "accept");
});

test("the page and its files are the same for everybody, whoever calls and whatever is on record", async (t) => {
  const open = await anApi(t);
  await open.ledger.accept(aRecord(open.clock, { id: "one", subject: "Secret plan" }));
  const closed = await anApiWithCallers(t);
  for (const url of ["/", ...CONSOLE_FILE_NAMES.map((name) => `/console/${name}`)]) {
    const there = await open.app.inject({ url, headers: BROWSER });
    const here = await closed.app.inject({ url, headers: BROWSER });
    assert.deepEqual([there.statusCode, here.statusCode], [200, 200], url);
    assert.equal(there.body, here.body, url);
    assert.equal(here.headers["set-cookie"], undefined, url);
  }
  assert.equal((await closed.app.inject("/v1/drafts")).statusCode, 401);
});

test("the page's policy leaves our own files and calls to this origin, and nothing else", async (t) => {
  const { app } = await anApi(t);
  const { headers } = await app.inject({ url: "/", headers: BROWSER });
  assert.deepEqual(String(headers["content-security-policy"]).split("; "), [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ]);
  assert.equal(headers["cross-origin-opener-policy"], "same-origin");
  assert.equal(headers["cross-origin-resource-policy"], "same-origin");
  assert.equal(headers["referrer-policy"], "no-referrer");
  assert.equal(headers["x-content-type-options"], "nosniff");
});

test("a browser keeps the files and asks each time whether they are still the same", async (t) => {
  const { app } = await anApi(t);
  for (const url of ["/", "/console/main.js", "/console/base.css"]) {
    const first = await app.inject({ url, headers: BROWSER });
    const etag = String(first.headers.etag);
    assert.match(etag, /^"[\w-]{43}"$/, url);
    assert.equal(first.headers["cache-control"], "no-cache", url);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await app.inject({ url, headers: { ...BROWSER, "if-none-match": known } });
      assert.deepEqual([again.statusCode, again.body], [304, ""], `${url} ${known}`);
      assert.equal(again.headers.etag, etag);
      assert.equal(again.headers["content-security-policy"], first.headers["content-security-policy"]);
    }
    const other = await app.inject({ url, headers: { ...BROWSER, "if-none-match": '"other"' } });
    assert.equal(other.statusCode, 200);
  }
  const tags = await Promise.all(
    CONSOLE_FILE_NAMES.map(async (name) => (await app.inject(`/console/${name}`)).headers.etag),
  );
  assert.equal(new Set(tags).size, CONSOLE_FILE_NAMES.length);
});

for (const name of [
  "console.html",
  "tsconfig.json",
  "__proto__",
  "constructor",
  "main.js.map",
  "MAIN.JS",
  "..%2fapp.ts",
  "%2e%2e%2fapp.ts",
  "..%5capp.ts",
  "../console/main.ts",
  "main.js%00",
  "",
]) {
  test(`/console/${name} is no file of the console, wherever it may lie`, async (t) => {
    const { app } = await anApi(t);
    const answer = await app.inject(`/console/${name}`);
    assert.equal(answer.statusCode, 404);
    assert.equal(answer.json().code, "ROUTE_NOT_FOUND");
    assert.equal(answer.headers["cache-control"], "no-store");
  });
}
