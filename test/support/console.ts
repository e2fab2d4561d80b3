import assert from "node:assert/strict";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";

/** The console in a browser, and everything that it should not have done. */
export interface ConsolePage {
  readonly page: Page;
  readonly context: BrowserContext;
  /**
   * Errors and warnings of the browser, violations of the page's policy, dialogs of scripts, new windows, requests elsewhere. Answers
   * that are no success are none of them: the browser reports each, and some tests are about them.
   */
  readonly complaints: readonly string[];
}

/** What the page's clock is moved by at a time. */
const STEP_MS = 1_000;
const REFUSED = /^Failed to load resource: /;

/**
 * Opens the console at a place in it. The clock of its pages runs as any, and `shows` and `refreshed` let it run faster: what the
 * page does every few seconds nobody has to wait for.
 */
export async function openConsole(
  browser: Browser,
  apiUrl: string,
  hash = "",
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<ConsolePage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  await context.clock.install();
  const page = await context.newPage();
  const complaints: string[] = [];
  await page.addInitScript(
    `addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => console.error("policy:", violatedDirective, blockedURI))`,
  );
  page.on("console", (message) => {
    const isBad = message.type() === "error" || message.type() === "warning";
    if (isBad && !REFUSED.test(message.text())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error.stack)));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  context.on("page", (other) => complaints.push(`new window: ${other.url()}`));
  context.on("request", (request) => {
    const isOurs = request.url().startsWith(`${apiUrl}/`) || request.url() === "data:,";
    if (!isOurs) complaints.push(`elsewhere: ${request.url()}`);
  });
  await page.goto(`${apiUrl}/${hash}`, { waitUntil: "load" });
  return { page, context, complaints };
}

/** Waits until the page has shown an answer of the api, and none of its calls fails. */
export function isLive(page: Page): Promise<void> {
  return page.locator('[data-live="on"]').waitFor();
}

/** Waits for an answer to a GET of this path that comes from now on, and for the page to have shown it. */
export async function refreshed(page: Page, path: string): Promise<void> {
  let isHere = false;
  const answered = page
    .waitForResponse((response) => response.url().endsWith(path))
    .finally(() => {
      isHere = true;
    });
  while (!isHere) await page.clock.runFor(STEP_MS);
  await answered;
  // The answer is read, then shown, each in a task of its own.
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))");
}

/** The text as a reader sees it: blanks are one, and what is for screen readers alone is in it. */
export async function textOf(locator: Locator): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: whether two words touch is the layout's to say
  return (await locator.innerText()).replaceAll(/\s+/g, " ").trim();
}

/** Waits until the text of an element fits, and fails with the text that it has when it never does. */
export async function shows(locator: Locator, pattern: RegExp): Promise<void> {
  const deadlineMs = Date.now() + 60_000;
  for (;;) {
    const text = await textOf(locator);
    if (pattern.test(text)) return;
    assert.ok(Date.now() < deadlineMs, `${locator} never shows ${pattern}: ${text}`);
    await locator.page().clock.runFor(STEP_MS);
  }
}

/** Goes to a view by its link. */
export async function goTo(page: Page, view: string): Promise<void> {
  await page.locator(`[data-view="${view}"]`).click();
}

/** Presses Tab until what has the focus fits, as somebody without a mouse does. */
export async function tabTo(page: Page, name: RegExp, presses = 80): Promise<void> {
  const seen: string[] = [];
  for (let press = 0; press < presses; press++) {
    await page.keyboard.press("Tab");
    const focused = page.locator(":focus");
    const text = (await focused.count()) === 0 ? "nothing" : await textOf(focused);
    if (name.test(text)) return;
    seen.push(text);
  }
  assert.fail(`Tab leads to nothing that is called ${name}, but to: ${seen.join(" | ")}`);
}
