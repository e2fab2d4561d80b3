import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import type { SandboxGoogle } from "@draftmill/local/google/start-google.ts";
import MailComposer from "nodemailer/lib/mail-composer/index.js";
import type { Browser, Page } from "playwright-core";
import { openChromium } from "../support/chromium.ts";
import { TRICKS, type Trick } from "../support/hostile-html.ts";
import { gmailCall, openGoogle, userToken } from "../unit/local/google/google-harness.ts";

const REP = "rep@corp.example";

/** Where a trick would lead. Connections do not count: Chromium opens one when a link is pressed, and then asks nothing. */
interface Tracker {
  readonly url: string;
  readonly reached: Promise<void>;
  readonly isReached: () => boolean;
}

async function openTracker(t: TestContext): Promise<Tracker> {
  const first = Promise.withResolvers<void>();
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    first.resolve();
    response.setHeader("access-control-allow-origin", "*").end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tracked`;
  return { url, reached: first.promise, isReached: () => requests > 0 };
}

interface Bait {
  readonly name: string;
  readonly trick: Trick;
  /** Where it leads from a page of ours. */
  readonly ours: Tracker;
  /** Where the same leads from a page that protects nobody. */
  readonly open: Tracker;
}

async function baits(t: TestContext, which: (trick: Trick) => boolean): Promise<readonly Bait[]> {
  const chosen = Object.entries(TRICKS).filter(([, trick]) => which(trick));
  return Promise.all(
    chosen.map(async ([name, trick]) => ({ name, trick, ours: await openTracker(t), open: await openTracker(t) })),
  );
}

/** A page with the HTML in a frame and no protection at all, opened and, where the trick needs it, clicked. */
async function fallFor(t: TestContext, browser: Browser, html: string, click: boolean): Promise<void> {
  const site = createServer((request, response) => {
    const outer = '<!doctype html><title>outer</title><iframe src="/inner" width="800" height="600"></iframe>';
    response.setHeader("content-type", "text/html").end(request.url === "/" ? outer : html);
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    site.closeAllConnections();
    site.close();
  });
  const page = await (await browser.newContext()).newPage();
  page.on("dialog", (dialog) => void dialog.dismiss());
  await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`, { waitUntil: "commit" });
  if (click) await page.frameLocator("iframe").locator("#click").click({ noWaitAfter: true });
}

/** Each trick works where nothing stands against it: only then does its silence elsewhere say anything. */
async function allWork(t: TestContext, browser: Browser, tricks: readonly Bait[]): Promise<void> {
  const quiet = tricks.filter(({ trick }) => trick.leaves !== true && trick.clicks !== true);
  await fallFor(t, browser, quiet.map(({ trick, open }) => trick.html(open.url)).join("\n"), false);
  for (const { trick, open } of tricks.filter((bait) => !quiet.includes(bait))) {
    await fallFor(t, browser, trick.html(open.url), trick.clicks === true);
    await open.reached;
  }
  const waiting = new Set(tricks.map(({ name }) => name));
  const all = Promise.all(tricks.map(({ name, open }) => open.reached.then(() => waiting.delete(name))));
  const late = AbortSignal.timeout(30_000);
  await Promise.race([all, new Promise((resolve) => late.addEventListener("abort", resolve))]);
  assert.deepEqual([...waiting], [], "these tricks do not work at all");
}

interface Mail {
  readonly html: string;
  readonly subject?: string;
  readonly name?: string;
  readonly file?: string;
}

/** Saves a draft as the worker would, and answers the path of its page. */
async function saveDraft(
  google: SandboxGoogle,
  { html, subject = "Hostile", name = "Ada", file }: Mail,
): Promise<string> {
  const node = new MailComposer({
    newline: "\r\n",
    from: { name, address: REP },
    to: [{ name, address: "ada@example.com" }],
    subject,
    text: "Text",
    html,
    attachments: file === undefined ? [] : [{ filename: file, content: "x" }],
  }).compile();
  const raw = (await node.build()).toString("base64url");
  const reply = await gmailCall(google, await userToken(google, REP), "POST", "/drafts", { message: { raw } });
  assert.equal(reply.status, 200);
  return `${google.url}/mailboxes/${encodeURIComponent(REP)}/drafts/${google.drafts(REP)[0]?.id}`;
}

interface Watched {
  readonly page: Page;
  /** Dialogs, new windows, and navigations of the page itself other than those that the test asked for. */
  readonly incidents: readonly string[];
}

async function watch(browser: Browser): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const incidents: string[] = [];
  page.on("dialog", (dialog) => {
    incidents.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  context.on("page", (other) => incidents.push(`new window: ${other.url()}`));
  return { page, incidents };
}

async function setUp(t: TestContext): Promise<{ google: SandboxGoogle; browser: Browser } | undefined> {
  const browser = await openChromium(t);
  if (browser === undefined) return undefined;
  return { browser, google: await openGoogle(t, { domains: ["corp.example"] }) };
}

function reachedBy(tricks: readonly Bait[]): readonly string[] {
  return tricks.filter(({ ours }) => ours.isReached()).map(({ name }) => name);
}

test("of what works by itself in an open page nothing works in a draft, on its page or opened alone", async (t) => {
  const parts = await setUp(t);
  if (parts === undefined) return;
  const { google, browser } = parts;
  const tricks = await baits(t, ({ clicks }) => clicks !== true);
  const quiet = tricks.filter(({ trick }) => trick.leaves !== true);
  const { page, incidents } = await watch(browser);
  for (const some of [quiet, ...tricks.filter((bait) => !quiet.includes(bait)).map((bait) => [bait])]) {
    const html = `<p id="end">whole</p>${some.map(({ trick, ours }) => trick.html(ours.url)).join("\n")}`;
    const path = await saveDraft(google, { html });
    await page.goto(path, { waitUntil: "load" });
    assert.equal(await page.frameLocator("iframe.paper").locator("#end").textContent(), "whole");
    assert.equal(page.url(), path);
    assert.equal(await page.title(), `Hostile · ${REP}`);
    await page.goto(`${path}/html`, { waitUntil: "load" });
    assert.equal(await page.locator("#end").textContent(), "whole");
    assert.equal(page.url(), `${path}/html`);
  }
  await allWork(t, browser, tricks);
  assert.deepEqual(reachedBy(tricks), []);
  assert.deepEqual(incidents, []);
});

test("a click inside a draft leads nowhere", async (t) => {
  const parts = await setUp(t);
  if (parts === undefined) return;
  const { google, browser } = parts;
  const tricks = await baits(t, ({ clicks }) => clicks === true);
  const { page, incidents } = await watch(browser);
  for (const { name, trick, ours } of tricks) {
    const path = await saveDraft(google, { html: trick.html(ours.url) });
    await page.goto(path, { waitUntil: "load" });
    await page.frameLocator("iframe.paper").locator("#click").click({ noWaitAfter: true });
    assert.equal(page.url(), path, name);
    assert.equal(await page.title(), `Hostile · ${REP}`, name);
  }
  await allWork(t, browser, tricks);
  assert.deepEqual(reachedBy(tricks), []);
  assert.deepEqual(incidents, []);
});

test("HTML in a subject, a name or a file name is text on every page that shows it", async (t) => {
  const parts = await setUp(t);
  if (parts === undefined) return;
  const { google, browser } = parts;
  const tricks = await baits(t, ({ clicks, leaves }) => clicks !== true && leaves !== true);
  const [subject, name, file] = ["image", "onerror", "script file"].map((wanted) => {
    const bait = tricks.find((one) => one.name === wanted);
    assert.ok(bait);
    return { bait, text: `"'>${bait.trick.html(bait.ours.url)}` };
  });
  assert.ok(subject && name && file);
  const used = [subject.bait, name.bait, file.bait];
  const path = await saveDraft(google, { html: "<p>Hi", subject: subject.text, name: name.text, file: file.text });
  const { page, incidents } = await watch(browser);
  for (const url of [google.url, path, `${path}?view=text`, `${path}?view=source`]) {
    await page.goto(url, { waitUntil: "load" });
    const shown = (await page.locator("body").textContent()) ?? "";
    assert.ok(shown.includes(subject.text) || url.endsWith("source"), `${url} shows the subject`);
    assert.equal(await page.locator("#drafts img, #draft img, #draft script, #drafts script").count(), 0, url);
  }
  await page.goto(`${google.url}/mailboxes/${encodeURIComponent(subject.text)}`, { waitUntil: "load" });
  assert.equal(await page.locator("main img, section img, nav img").count(), 0);
  await allWork(t, browser, used);
  assert.deepEqual(reachedBy(used), []);
  assert.deepEqual(incidents, []);
});
