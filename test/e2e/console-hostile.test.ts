import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { BATCHES, newBatch } from "@draftmill/shared/batch/batch.ts";
import { INCIDENTS } from "@draftmill/shared/incident/incident.ts";
import { newReplay, REPLAYS } from "@draftmill/shared/replay/replay.ts";
import type { Page } from "playwright-core";
import { openChromium } from "../support/chromium.ts";
import { openConsole, shows, textOf } from "../support/console.ts";
import { TRICKS } from "../support/hostile-html.ts";
import { type ApiUnderTest, anApi, aRecord } from "../unit/api/api-under-test.ts";

/** Where every trick would lead: hostile-draft.test.ts shows that each does where nothing stands against it. */
async function openTracker(t: TestContext): Promise<{ readonly url: string; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const server = createServer(({ url = "" }, response) => {
    asked.push(url);
    response.setHeader("access-control-allow-origin", "*").end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tracked`, asked };
}

/** Elements that no page of ours makes, or attributes that could do something. */
const FOREIGN = `[...document.querySelectorAll("body *")].filter((node) =>
  ["script", "img", "iframe", "object", "embed", "style", "link", "base", "meta", "video", "audio", "template"].includes(node.localName) ||
  node.getAttributeNames().some((name) => /^on|^style$|^src|^srcdoc$|^formaction$/.test(name)) ||
  (node.localName === "a" && !/^(#|\\/openapi\\.json$|\\/health\\/ready$|https:\\/\\/(mail|admin)\\.google\\.com\\/)/.test(node.getAttribute("href")))
).map((node) => node.outerHTML.slice(0, 200))`;

/** A record, an incident and a replay with the text in every value that a request, a message or Google could have put there. */
async function sow({ ledger, clock }: ApiUnderTest, id: string, text: string): Promise<void> {
  const problem = {
    code: text,
    detail: text,
    remedy: `${text} https://admin.google.com/ac/users javascript:alert(1)`,
    retryable: false,
    errors: [{ pointer: text, code: text, detail: text }],
  };
  const record = aRecord(clock, {
    id,
    mailbox: text,
    to: [text, text],
    subject: text,
    batch: text,
    dedupeKey: text,
    metadata: { [text]: text, __proto__x: text },
  });
  await ledger.failUnclaimed(record, { state: "parked", problem, body: "{}" });
  const incident = { id, mailbox: text, code: text, problem, state: "open" as const, openedAtMs: clock.nowMs() };
  const closing = { probeAtMs: clock.nowMs(), probes: 1, closedAtMs: null, closedBy: null };
  await ledger.documents(INCIDENTS).create({ ...incident, ...closing });
  const handed = { id, name: text, caller: text, source: "items" as const, total: 1, rejected: 0 };
  await ledger.documents(BATCHES).create(newBatch({ ...handed, mailboxes: { [text]: 1 } }, clock.nowMs()));
  const order = { id, filter: { code: text, mailbox: text, batch: text }, limit: 1, caller: text };
  await ledger.documents(REPLAYS).create({ ...newReplay(order, clock.nowMs()), skipped: { [text]: 1 } });
}

test("whatever a value holds, it is text: no trick makes an element, a request, a dialog or a title", {
  timeout: 180_000,
}, async (t) => {
  const browser = await openChromium(t);
  if (browser === undefined) return;
  const api = await anApi(t);
  const tracker = await openTracker(t);
  const all = Object.values(TRICKS)
    .map(({ html }) => html(tracker.url))
    .join("");
  const texts = [
    `"'></bdi></td></code>${all}`,
    "\u202Etxt.exe\u202C \u2066<b>",
    "{{7*7}}<%= 7*7 %>",
    "javascript:alert(1)",
  ];
  for (const [index, text] of texts.entries()) await sow(api, `hostile-${index}`, text);
  // A name that would reach an object's prototype is a reason like any other.
  await sow(api, "hostile-proto", "__proto__");
  const url = await api.app.listen({ host: "127.0.0.1", port: 0 });
  const { page, complaints } = await openConsole(browser, url);

  const clean = async (where: string): Promise<void> => {
    assert.deepEqual(await page.evaluate<string[]>(FOREIGN), [], where);
    assert.match(await page.title(), / · Draftmill$/, where);
  };
  const visit = async (hash: string): Promise<void> => {
    await page.goto(`${url}/${hash}`);
    await page.locator('#view:not([aria-busy="true"]) > *').first().waitFor();
    await clean(hash);
  };
  for (const view of ["overview", "failures", "incidents", "batches", "requests", "replays"]) {
    await visit(`#/${view}`);
    const shown = await page.locator("#view").evaluate((node) => String(node.textContent));
    assert.ok(shown.includes(texts[0] ?? ""), `${view} shows it as it is`);
  }
  for (const [index, text] of texts.entries()) {
    await visit(`#/batches/hostile-${index}`);
    await page.locator("#view h2 bdi").waitFor();
    const values = await page.locator("#view").locator("h2 bdi, tbody th bdi").allTextContents();
    assert.deepEqual(values, [text, text], "the name and the mailbox of a batch");
    await visit(`#/requests?open=hostile-${index}`);
    const record = page.locator("#record");
    await record.getByText("Dedupe key").waitFor();
    await clean(`the record of ${text}`);
    for (const field of ["Mailbox", "To", "Subject", "Batch", "Dedupe key", "Metadata"]) {
      const value = await record.locator(`[data-key="${field}"] dd`).evaluate((node) => String(node.textContent));
      assert.ok(value.includes(text), `${field}: ${value}`);
    }
  }
  assert.deepEqual(tracker.asked, []);
  assert.deepEqual(complaints, []);
});

test("a press on any button of hostile values opens our own dialog, with the values as text", async (t) => {
  const browser = await openChromium(t);
  if (browser === undefined) return;
  const api = await anApi(t);
  const tracker = await openTracker(t);
  const text = `"'>${TRICKS.onerror?.html(tracker.url)}${TRICKS.script?.html(tracker.url)}`;
  await sow(api, "hostile", text);
  const url = await api.app.listen({ host: "127.0.0.1", port: 0 });
  const { page, complaints } = await openConsole(browser, url, "#/failures");
  await page.locator("#view button").first().click();
  const dialog = page.getByRole("dialog", { name: "Replay" });
  await shows(dialog, /does not fit the schema.*REPLAY_INVALID/);
  assert.ok((await textOf(dialog)).includes(text.replaceAll(/\s+/g, " ")));
  assert.deepEqual(await page.evaluate<string[]>(FOREIGN), []);
  assert.deepEqual(tracker.asked, []);
  assert.deepEqual(complaints, []);
});

for (const hash of [
  "#/requests?open=<img src=x onerror=alert(1)>",
  "#/requests?mailbox=%22%3E%3Csvg%20onload%3Dalert(1)%3E&code=%3Cscript%3E",
  "#javascript:alert(1)",
  "#/batches/%ff%",
  "#/batches/..%2F..%2F<img src=x onerror=alert(1)>?cursor=x",
  "#/__proto__?state=constructor",
  "#/requests?cursor=%00%ff&batch=%E2%80%AE",
]) {
  test(`an address that somebody has made up shows the console and nothing else: ${hash}`, async (t) => {
    const browser = await openChromium(t);
    if (browser === undefined) return;
    const { app } = await anApi(t);
    const url = await app.listen({ host: "127.0.0.1", port: 0 });
    const { page, complaints } = await openConsole(browser, url, hash);
    await shown(page);
    assert.deepEqual(await page.evaluate<string[]>(FOREIGN), []);
    assert.deepEqual(complaints, []);
  });
}

/** The page has come to an end of loading, with an answer or with a refusal. */
async function shown(page: Page): Promise<void> {
  await page.locator('#view:not([aria-busy="true"])').waitFor({ state: "attached" });
}
