import assert from "node:assert/strict";
import { test } from "node:test";
import type { Browser } from "playwright-core";
import { openChromium } from "../support/chromium.ts";
import { anApi } from "../unit/api/api-under-test.ts";
import { call, draftBody, gmailCall, openGoogle, userToken } from "../unit/local/google/google-harness.ts";

/** Every page that a person opens, with what its policy has to say. */
const WITHOUT_EXCEPTION = ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"];

function policyOf(headers: Headers): ReadonlyMap<string, string> {
  const directives = (headers.get("content-security-policy") ?? "").split(";").map((text) => text.trim());
  return new Map(directives.map((text) => [text.split(" ")[0] ?? "", text]));
}

function checkPolicy(headers: Headers, path: string): void {
  const policy = policyOf(headers);
  for (const directive of WITHOUT_EXCEPTION) {
    assert.equal(policy.get(directive.split(" ")[0] ?? ""), directive, `${path}: ${directive}`);
  }
  for (const text of policy.values()) assert.doesNotMatch(text, /unsafe|\*|https?:/, path);
  assert.equal(headers.get("x-content-type-options"), "nosniff", path);
  assert.equal(headers.get("referrer-policy"), "no-referrer", path);
}

/** What a policy without 'unsafe-inline' would block, found in the document itself, and what the browser complains of. */
async function faultsOf(browser: Browser, url: string): Promise<readonly string[]> {
  const page = await (await browser.newContext()).newPage();
  const faults: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
  });
  await page.goto(url, { waitUntil: "load" });
  const inline = await page.evaluate<string[]>(`[...document.querySelectorAll("*")].flatMap((node) => [
    ...(node.localName === "script" && node.textContent !== "" ? ["inline script"] : []),
    ...node.getAttributeNames().filter((name) => name.startsWith("on") || name === "style"),
  ])`);
  await page.close();
  return [...faults, ...inline];
}

test("every page of the sandbox and of the api has the strict policy, and nothing in it that the policy would block", async (t) => {
  const browser = await openChromium(t);
  if (browser === undefined) return;
  const google = await openGoogle(t);
  const { app } = await anApi(t);
  const apiUrl = await app.listen({ host: "127.0.0.1", port: 0 });
  await gmailCall(google, await userToken(google, "ada@example.com"), "POST", "/drafts", draftBody());
  const mailbox = `${google.url}/mailboxes/ada@example.com`;
  const draft = `${mailbox}/drafts/${google.drafts("ada@example.com")[0]?.id}`;
  const views = [draft, `${draft}?view=text`, `${draft}?view=source`];
  for (const url of [`${google.url}/`, mailbox, ...views, `${apiUrl}/`]) {
    const { status, headers } = await call(url, { headers: { accept: "text/html" } });
    assert.equal(status, 200, url);
    assert.match(headers.get("content-type") ?? "", /^text\/html/, url);
    checkPolicy(headers, url);
    assert.equal(headers.get("cross-origin-opener-policy"), "same-origin", url);
    assert.equal(headers.get("cross-origin-resource-policy"), "same-origin", url);
    assert.deepEqual(await faultsOf(browser, url), [], url);
  }
});

test("the console is styled and runs, by its own files alone", async (t) => {
  const browser = await openChromium(t);
  if (browser === undefined) return;
  const { app } = await anApi(t);
  const page = await browser.newPage();
  await page.goto(await app.listen({ host: "127.0.0.1", port: 0 }), { waitUntil: "load" });
  await page.locator('[data-live="on"]').waitFor();
  assert.match(await page.evaluate<string>("getComputedStyle(document.body).fontFamily"), /system-ui/);
  await page.evaluate(
    `document.head.append(Object.assign(document.createElement("style"), { textContent: "body { color: red }" }))`,
  );
  assert.notEqual(await page.evaluate<string>("getComputedStyle(document.body).color"), "rgb(255, 0, 0)");
});

test("no script of the console could make markup or code of a text: the browser throws", async (t) => {
  const browser = await openChromium(t);
  if (browser === undefined) return;
  const { app } = await anApi(t);
  const page = await browser.newPage();
  await page.goto(await app.listen({ host: "127.0.0.1", port: 0 }), { waitUntil: "load" });
  for (const attempt of [
    'document.body.innerHTML = "<p>made"',
    'document.body.insertAdjacentHTML("beforeend", "<p>made")',
    'document.createElement("iframe").srcdoc = "<p>made"',
    'new DOMParser().parseFromString("<p>made", "text/html")',
    'document.createElement("script").src = "/console/main.js"',
    'trustedTypes.createPolicy("mine", { createHTML: (text) => text })',
  ]) {
    const outcome = await page.evaluate<string>(
      `(() => { try { ${attempt}; return "done" } catch (error) { return error.name } })()`,
    );
    assert.equal(outcome, "TypeError", attempt);
  }
});

test("an answer of the api that is no page can do nothing when it is opened as one", async (t) => {
  const { app } = await anApi(t);
  for (const path of [
    "/",
    "/console/none",
    "/openapi.json",
    "/health/live",
    "/v1/drafts",
    "/v1/drafts/none",
    "/<script>",
  ]) {
    const { headers } = await app.inject(path);
    assert.match(String(headers["content-type"]), /json/, path);
    assert.equal(headers["x-content-type-options"], "nosniff", path);
    assert.match(String(headers["content-security-policy"]), /^default-src 'none';.*frame-ancestors 'none'$/, path);
  }
});
