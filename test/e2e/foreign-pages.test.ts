import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startServiceProcess } from "@draftmill/local/service-process.ts";
import type { Page } from "playwright-core";
import { openChromium } from "../support/chromium.ts";
import { anApi } from "../unit/api/api-under-test.ts";
import { openGoogle } from "../unit/local/google/google-harness.ts";

const EVIL = "evil.example.test";
const FAULT = JSON.stringify({ operation: "token", fault: { kind: "drop" } });
const DRAFT = JSON.stringify({ to: "ada@example.com", subject: "Forged", message: "From a web page." });

/** A page of another site, which resolves to this machine; undefined where there is no browser. */
async function openEvilPage(t: TestContext): Promise<Page | undefined> {
  const browser = await openChromium(t);
  if (browser === undefined) return undefined;
  const site = createServer((_request, response) => response.setHeader("content-type", "text/html").end("<p>Hello"));
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  t.after(() => site.close());
  const page = await (await browser.newContext()).newPage();
  await page.goto(`http://${EVIL}:${(site.address() as AddressInfo).port}/`);
  return page;
}

/** The status that a script of the page gets from its own browser for a call, or null when the browser lets none out. */
async function callFrom(page: Page, url: string, method: string, body: string, type: string): Promise<number | null> {
  const answered = page.waitForResponse((response) => response.url() === url && response.request().method() === method);
  const init = {
    method,
    body,
    headers: { "content-type": type },
    mode: type === "application/json" ? "cors" : "no-cors",
  };
  const sent = page.evaluate(`fetch(${JSON.stringify(url)}, ${JSON.stringify(init)}).then(() => true, () => false)`);
  // A preflight that fails leaves the call itself unsent.
  return Promise.race([
    answered.then((response) => response.status()),
    sent.then((done) => (done === true ? answered.then((response) => response.status()) : null)),
  ]);
}

test("a page of another site can change nothing at the sandbox or at the api, with a preflight or without", async (t) => {
  const page = await openEvilPage(t);
  if (page === undefined) return;
  const google = await openGoogle(t);
  const { app, publisher } = await anApi(t);
  const apiUrl = await app.listen({ host: "127.0.0.1", port: 0 });
  const targets = [
    { url: `${google.url}/_sandbox/faults`, body: FAULT },
    { url: `${google.url}/token`, body: "grant_type=x" },
    { url: `${apiUrl}/`, body: DRAFT },
    { url: `${apiUrl}/v1/replays/r-1/cancel`, body: "" },
  ];
  for (const { url, body } of targets) {
    assert.equal(await callFrom(page, url, "POST", body, "text/plain"), 403, `${url} without a preflight`);
    assert.equal(await callFrom(page, url, "POST", body, "application/json"), null, `${url} with one`);
  }
  assert.deepEqual(google.faults.pending(), []);
  assert.deepEqual(publisher.published, []);
});

test("a name that was made to resolve to this machine reads nothing from the sandbox or the api", async (t) => {
  const page = await openEvilPage(t);
  if (page === undefined) return;
  const google = await openGoogle(t);
  const { app } = await anApi(t);
  const apiUrl = await app.listen({ host: "127.0.0.1", port: 0 });
  const paths = [
    [google.url, "/"],
    [google.url, "/_sandbox/calls"],
    [google.url, "/mailboxes/ada@example.com"],
    [apiUrl, "/"],
    [apiUrl, "/v1/drafts"],
  ] as const;
  for (const [url, path] of paths) {
    const rebound = await page.goto(`http://${EVIL}:${new URL(url).port}${path}`);
    assert.equal(rebound?.status(), 403, `${path} by the name`);
    const own = await page.goto(`${url}${path}`);
    assert.equal(own?.status(), 200, `${path} by the address`);
  }
});

test("our own pages' calls and a link from another site still work", async (t) => {
  const page = await openEvilPage(t);
  if (page === undefined) return;
  const google = await openGoogle(t);
  await page.evaluate(`document.body.innerHTML = '<a href="${google.url}/">sandbox</a>'`);
  await page.getByRole("link", { name: "sandbox" }).click();
  await page.waitForSelector('[data-live="on"]');
  const added = await page.evaluate(
    `fetch("/_sandbox/faults", { method: "POST", body: ${JSON.stringify(FAULT)}, headers: { "content-type": "application/json" } }).then(({ status }) => status)`,
  );
  assert.equal(added, 201);
});

/** The status of a GET under a Host that fetch would not let a test set. */
function statusAs(host: string, port: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sending = request({ host: "127.0.0.1", port, path: "/health/live", headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sending.on("error", reject).end();
  });
}

const SETTINGS = [
  { why: "nobody proves who they are on a loopback address", status: 403, AUTH_MODE: "none", HOST: "127.0.0.1" },
  { why: "other machines may call", status: 200, AUTH_MODE: "none", HOST: "0.0.0.0", ALLOW_UNAUTHENTICATED: "true" },
  { why: "callers prove who they are", status: 200, AUTH_MODE: "oidc", HOST: "127.0.0.1" },
] as const;

for (const { why, status, ...settings } of SETTINGS) {
  test(`a foreign Host is answered with ${status} where ${why}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "draftmill-hosts-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const callersFile = join(folder, "callers.json");
    await writeFile(callersFile, JSON.stringify({ callers: [] }));
    const policy = settings.AUTH_MODE === "none" ? {} : { AUTH_AUDIENCE: "https://a.test", CALLERS_FILE: callersFile };
    const environment = {
      ...settings,
      ...policy,
      PORT: "0",
      GMAIL_USER: "ada@example.com",
      GOOGLE_CLOUD_PROJECT: "p",
      PUBSUB_EMULATOR_HOST: "127.0.0.1:9",
      LEDGER_URL: `sqlite:${join(folder, "ledger.db")}`,
    };
    const api = await startServiceProcess("api", { environment, onEvent: () => {} });
    t.after(() => api.stop());
    const { port } = new URL(api.url);
    assert.equal(await statusAs(`${EVIL}:${port}`, port), status);
    assert.equal(await statusAs(`127.0.0.1:${port}`, port), 200);
  });
}
