import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { SandboxGoogle } from "@draftmill/local/google/start-google.ts";
import MailComposer from "nodemailer/lib/mail-composer/index.js";
import type { Browser, Locator, Page } from "playwright-core";
import { openChromium } from "../support/chromium.ts";
import { call, gmailCall, openGoogle, userToken } from "../unit/local/google/google-harness.ts";

const REP = "rep@corp.example";
const HTML = `<h2 style="color: rgb(200, 0, 0)">Où allons-nous ?</h2><p>Ça va, Émilie.</p>`;

interface Mail {
  readonly subject?: string;
  readonly html?: string;
}

/** Saves a draft as the worker would: text and HTML, every address field, the marker header. */
async function saveDraft(
  google: SandboxGoogle,
  { subject = "Où allons-nous ?", html = HTML }: Mail = {},
): Promise<string> {
  const node = new MailComposer({
    newline: "\r\n",
    from: `Rep <${REP}>`,
    to: [{ name: "Émilie du Châtelet", address: "emilie@example.com" }],
    cc: "desk@corp.example",
    bcc: "archive@corp.example",
    replyTo: "replies@corp.example",
    subject,
    text: "Texte simple : ça va <bien> ?",
    html,
    headers: { "X-Draftmill-Id": "req-7f3a" },
    attachments: [{ filename: "Größe.pdf", content: Buffer.alloc(48_000) }],
  }).compile();
  node.keepBcc = true;
  const raw = (await node.build()).toString("base64url");
  const reply = await gmailCall(google, await userToken(google, REP), "POST", "/drafts", { message: { raw } });
  assert.equal(reply.status, 200);
  return google.drafts(REP)[0]?.id ?? "";
}

/** A page whose console errors and failed requests are collected. */
async function openPage(browser: Browser, url: string, colorScheme: "light" | "dark" = "light") {
  const context = await browser.newContext({ colorScheme, viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "unknown";
    // A page that is left ends its event stream.
    if (!request.url().endsWith("/mailboxes/changes")) complaints.push(`${reason}: ${request.url()}`);
  });
  page.on("requestfinished", (request) => {
    if (!request.url().startsWith(new URL(url).origin)) complaints.push(`left the sandbox: ${request.url()}`);
  });
  await page.goto(url, { waitUntil: "load" });
  return { page, complaints };
}

async function setUp(t: TestContext): Promise<{ google: SandboxGoogle; browser: Browser } | undefined> {
  const browser = await openChromium(t);
  if (browser === undefined) return undefined;
  return { browser, google: await openGoogle(t, { domains: ["corp.example"] }) };
}

async function textOf(locator: Locator): Promise<string> {
  return (await locator.textContent()) ?? "";
}

/** A computed style of an element; the types of the browser's globals are not among this project's. */
function styleOf(locator: Locator, property: "color" | "backgroundColor"): Promise<string> {
  return locator.evaluate(
    (node, name) => String(Reflect.get(Reflect.get(globalThis, "getComputedStyle")(node), name)),
    property,
  );
}

function isLive(page: Page): Promise<unknown> {
  return page.waitForSelector('[data-live="on"]');
}

test("a draft appears on an open page without a reload, accents and all, and nothing complains", async (t) => {
  const parts = await setUp(t);
  if (parts === undefined) return;
  const { google, browser } = parts;
  const { page, complaints } = await openPage(browser, google.url);
  await isLive(page);
  assert.match(await textOf(page.locator("#try")), /^curl .*"to"/s, "an empty page says how to begin");

  await saveDraft(google);
  const line = page.locator(".line");
  await line.waitFor();
  const shown = await textOf(line);
  for (const text of ["Émilie du Châtelet", "Où allons-nous ?", "Texte simple : ça va <bien> ?", REP]) {
    assert.ok(shown.includes(text), `${text} in ${shown}`);
  }
  assert.equal(await textOf(page.locator(".mailbox", { hasText: REP }).locator(".count")), "1");

  // By keyboard alone: into the list, then open.
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  const heading = page.locator(".draft-head h1");
  await heading.waitFor();
  assert.equal(await textOf(heading), "Où allons-nous ?");
  assert.equal(await page.title(), `Où allons-nous ? · ${REP}`);
  const fields = await textOf(page.locator(".fields"));
  for (const address of ["emilie@example.com", "desk@corp.example", "archive@corp.example", "replies@corp.example"]) {
    assert.ok(fields.includes(address), address);
  }
  assert.match(await textOf(page.locator(".ids")), /req-7f3a/);
  assert.match(await textOf(page.locator(".files")), /Größe\.pdf\s+48 kB/);
  const frame = page.frameLocator("iframe.paper");
  assert.equal(await textOf(frame.locator("h2")), "Où allons-nous ?");
  assert.equal(await styleOf(frame.locator("h2"), "color"), "rgb(200, 0, 0)", "its own style");

  await saveDraft(google, { subject: "Second" });
  await page.locator(".line", { hasText: "Second" }).waitFor();
  assert.equal(await textOf(heading), "Où allons-nous ?", "the open draft stays");
  assert.deepEqual(complaints, []);
  assert.deepEqual(google.violations, []);
});

test("plain text and source show the message as it is", async (t) => {
  const parts = await setUp(t);
  if (parts === undefined) return;
  const { google, browser } = parts;
  const id = await saveDraft(google, { subject: "<b>not bold</b>" });
  const { page, complaints } = await openPage(
    browser,
    `${google.url}/mailboxes/${encodeURIComponent(REP)}/drafts/${id}`,
  );
  assert.equal(await textOf(page.locator(".draft-head h1")), "<b>not bold</b>");
  await page.getByRole("link", { name: "Plain text" }).click();
  await page.locator("pre.plain").waitFor();
  assert.equal((await textOf(page.locator("pre.plain"))).trim(), "Texte simple : ça va <bien> ?");
  await page.getByRole("link", { name: "Source" }).click();
  await page.locator("pre.source").waitFor();
  const source = await textOf(page.locator("pre.source"));
  assert.match(source, /^Received: from \d+ named unknown by gmailapi\.google\.com/);
  assert.match(source, /^Message-ID: <CA[\w-]+@mail\.gmail\.com>$/m);
  assert.match(source, /^Bcc: archive@corp\.example$/m);
  const download = await call(`${google.url}/mailboxes/${REP}/drafts/${id}/source.eml`);
  assert.equal(download.headers.get("content-type"), "message/rfc822");
  assert.equal(download.text, google.drafts(REP)[0]?.raw.toString());
  assert.deepEqual(complaints, []);
});

test("a message can neither run a script nor load, send or leave anything", async (t) => {
  const parts = await setUp(t);
  if (parts === undefined) return;
  const { google, browser } = parts;
  const hostile = `<p id="p">untouched</p>
<script>document.getElementById("p").textContent = "script ran"; parent.document.title = "owned"</script>
<img src="https://tracker.example.test/pixel.png" onerror="document.getElementById('p').textContent='handler ran'">
<link rel="stylesheet" href="https://tracker.example.test/style.css">
<meta http-equiv="refresh" content="0;url=https://tracker.example.test/">
<iframe src="https://tracker.example.test/frame"></iframe>`;
  const id = await saveDraft(google, { html: hostile });
  const path = `${google.url}/mailboxes/${encodeURIComponent(REP)}/drafts/${id}`;
  const { page, complaints } = await openPage(browser, path);
  const untouched = await textOf(page.frameLocator("iframe.paper").locator("#p"));
  assert.equal(untouched, "untouched");
  assert.match(await page.title(), /Où allons-nous/);
  assert.ok(
    complaints.some((text) => /script/i.test(text)),
    "the browser says that it blocked the script",
  );
  // What was tried at all was stopped by the policy, before it had a name to look up.
  const outside = complaints.filter((text) => /^(left the sandbox|[\w:]+): https/.test(text));
  assert.ok(outside.length > 0);
  for (const text of outside) assert.match(text, /^csp: /);

  // The same document opened by itself is as harmless: the policy comes with it.
  const alone = await openPage(browser, `${path}/html`);
  assert.equal(await textOf(alone.page.locator("#p")), "untouched");
  const frame = await call(`${path}/html`);
  assert.match(frame.headers.get("content-security-policy") ?? "", /^sandbox; default-src 'none'/);
  const whole = await call(path);
  assert.match(whole.headers.get("content-security-policy") ?? "", /script-src 'self'.*frame-ancestors 'none'/);
});

test("a dark desktop gets a dark page, with the message on white paper; a narrow one gets one column", async (t) => {
  const parts = await setUp(t);
  if (parts === undefined) return;
  const { google, browser } = parts;
  const id = await saveDraft(google);
  const path = `${google.url}/mailboxes/${encodeURIComponent(REP)}/drafts/${id}`;
  const brightness = async (page: Page, selector: string) => {
    const color = await styleOf(page.locator(selector), "backgroundColor");
    const [red = 0, green = 0, blue = 0] = (color.match(/\d+/g) ?? []).map(Number);
    return (red + green + blue) / 3;
  };
  const dark = await openPage(browser, path, "dark");
  assert.ok((await brightness(dark.page, "body")) < 60);
  assert.equal(await brightness(dark.page, "iframe.paper"), 255);
  const light = await openPage(browser, path, "light");
  assert.ok((await brightness(light.page, "body")) > 200);
  assert.deepEqual([...dark.complaints, ...light.complaints], []);

  await light.page.setViewportSize({ width: 390, height: 844 });
  assert.equal(await light.page.isVisible("#mailboxes"), false);
  assert.equal(await light.page.isVisible("#drafts"), false);
  const width = await light.page.evaluate<number>("document.documentElement.scrollWidth");
  assert.equal(width, 390, "nothing sticks out");
  await light.page.getByRole("link", { name: `Back to ${REP}` }).click();
  await light.page.locator(".line").waitFor();
});

test("the page finds back after its server was gone", async (t) => {
  const parts = await setUp(t);
  if (parts === undefined) return;
  const { google, browser } = parts;
  const { page } = await openPage(browser, google.url);
  await isLive(page);
  await google.close();
  await page.waitForSelector('[data-live="off"]');
  const again = await openGoogle(t, { domains: ["corp.example"], port: Number(new URL(google.url).port) });
  await saveDraft(again);
  await isLive(page);
  await page.locator(".line").waitFor();
});
