import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it, type TestContext } from "node:test";
import { BATCHES, newBatch } from "@draftmill/shared/batch/batch.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import type { Page } from "playwright-core";
import { openChromium } from "../support/chromium.ts";
import { goTo, isLive, openConsole, shows, tabTo, textOf } from "../support/console.ts";
import { type DraftView, startTestStack, type TestStack } from "../support/local-stack.ts";

const LEASE_MS = 3_000;
const OLD_BATCHES = 30;

describe("batches in the console: looked at, paused, resumed, canceled, taken back", { timeout: 240_000 }, () => {
  let folder: string;
  let stack: TestStack;
  let ledger: DraftLedger;
  let mailboxes = 0;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "draftmill-console-"));
    stack = await startTestStack({
      dataDir: folder,
      sweepEveryMs: 200,
      environment: { CLAIM_LEASE_MS: String(LEASE_MS), GOOGLE_TIMEOUT_MS: String(LEASE_MS / 6) },
    });
    const store = await openLedger(`sqlite:${join(folder, "ledger.db")}`, { clock: systemClock });
    ledger = new DraftLedger(store, { clock: systemClock });
    for (let n = 0; n < OLD_BATCHES; n++) {
      const about = { id: `old-${n}`, name: `Old ${n}`, caller: null, source: "items" as const, total: 1, rejected: 0 };
      const batch = newBatch({ ...about, mailboxes: { "old@example.com": 1 } }, Date.now() - 3_600_000 + n);
      await ledger.documents(BATCHES).create(batch);
    }
  });
  after(async () => {
    await ledger.close();
    await stack.finish();
    await rm(folder, { recursive: true });
  });

  // What is held up holds up the other mailboxes' messages, too.
  afterEach(() => stack.google.faults.clear());

  const newMailbox = (): string => {
    mailboxes += 1;
    return `batch${mailboxes}@example.com`;
  };
  const items = (count: number, more: object = {}) =>
    Array.from({ length: count }, (_, n) => ({ to: `p${n}@example.test`, subject: `No. ${n}`, message: "T", ...more }));
  const hand = async (body: object): Promise<string> => {
    const answer = await stack.post("/v1/batches", body);
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    return answer.body.id;
  };
  /** Gmail refuses for speed until it is cleared: nothing of the mailbox is made. */
  const holdUp = (mailbox: string): void =>
    stack.google.faults.next(
      "drafts.create",
      200,
      { kind: "answer", error: "retryAfter", retryAfterMs: 2_000 },
      mailbox,
    );
  const created = async (id: string, count: number): Promise<readonly DraftView[]> => {
    const deadlineMs = Date.now() + 60_000;
    for (;;) {
      const answer = await fetch(`${stack.apiUrl}/v1/drafts?batch=${id}&state=created&limit=200`);
      const { items: drafts } = (await answer.json()) as { items: readonly DraftView[] };
      if (drafts.length === count) return drafts;
      assert.ok(Date.now() < deadlineMs, `${drafts.length} of ${count} drafts are made`);
      await systemClock.sleep(20);
    }
  };
  const open = async (t: TestContext, hash: string) => {
    const browser = await openChromium(t);
    return browser === undefined ? undefined : openConsole(browser, stack.apiUrl, hash);
  };
  const rowOf = (page: Page, name: string) => page.locator("#view tbody tr", { hasText: name });
  const press = (page: Page, name: string) => page.locator("#view").getByRole("button", { name }).click();

  it("from the list to a batch whose progress appears by itself, to its requests and back from a record", async (t) => {
    const [off, well] = [newMailbox(), newMailbox()];
    stack.google.admin.disableMail(off);
    const id = await hand({
      name: "Autumn",
      mode: "permissive",
      items: [...items(8, { mailbox: off }), ...items(3, { mailbox: well }), { to: "nobody", mailbox: well }],
    });
    await created(id, 3);
    const opened = await open(t, "#/overview");
    if (opened === undefined) return;
    const { page, complaints } = opened;
    await goTo(page, "batches");
    await shows(page.locator("h1:focus"), /^Batches$/);
    await shows(rowOf(page, "Autumn"), new RegExp(`^Autumn ${id} open 11 1 none \\d\\d:\\d\\d:\\d\\d$`));
    await rowOf(page, "Autumn").click();
    await shows(page.locator("h1:focus"), /^Batch$/);
    assert.equal(new URL(page.url()).hash, `#/batches/${id}`);
    assert.equal(await page.title(), "Batch · Draftmill");
    assert.equal(await page.locator('[aria-current="page"]').getAttribute("data-view"), "batches");
    const view = page.locator("#view");
    await shows(view, /Autumn running its requests become drafts.*Requests 11 Rejected 1 Told to open/);
    await shows(view, /3 of 11 requests have ended\. What is left waits for an administrator\./);
    const progress = page.getByRole("progressbar", { name: "Requests that have ended" });
    assert.deepEqual([await progress.getAttribute("value"), await progress.getAttribute("max")], ["3", "11"]);
    assert.equal(await progress.getAttribute("aria-valuetext"), "3 of 11 requests have ended.");
    await shows(rowOf(page, off), new RegExp(`^${off} 8 requests in ${off} parked 8$`));
    await shows(rowOf(page, well), new RegExp(`^${well} 3 requests in ${well} created 3$`));

    stack.google.admin.restoreUser(off);
    assert.equal((await stack.post("/v1/replays", { filter: { batch: id } })).status, 202);
    await shows(
      view,
      /finished each of its requests has ended.*11 of 11 requests have ended\. Nothing is left to do\./,
    );
    assert.deepEqual(await view.getByRole("button").allTextContents(), ["Undo…"]);
    await page.locator('#view [data-key="created"] .tile').click();
    await rowOf(page, "No. 2").first().waitFor();
    assert.equal(new URL(page.url()).hash, `#/requests?state=created&batch=${id}`);
    assert.equal(await page.locator("#view tbody tr").count(), 11);
    await rowOf(page, "No. 7").click();
    await page.locator("#record").getByRole("link", { name: id }).click();
    await page.locator("#record").waitFor({ state: "hidden" });
    await shows(view, /Autumn finished/);
    assert.deepEqual(complaints, []);
  });

  it("leads to what failed", async (t) => {
    const mailbox = newMailbox();
    stack.google.admin.disableMail(mailbox);
    const id = await hand({ name: "Refused", defaults: { mailbox }, items: items(2) });
    const opened = await open(t, `#/batches/${id}`);
    if (opened === undefined) return;
    const { page, complaints } = opened;
    const failures = page.locator('#view [data-key="failures"]');
    await shows(failures, /^Failures: 2 requests parked Replay its failures…/);
    await shows(page.locator('#view [data-key="left"]'), /^What is left waits for an administrator\.$/);
    await failures.getByRole("link", { name: "2 requests parked" }).click();
    await shows(rowOf(page, "No. 1"), /^parked No\. 1 .*GMAIL_OFF/);
    assert.equal(new URL(page.url()).hash, `#/requests?state=parked&batch=${id}`);
    assert.deepEqual(complaints, []);
  });

  it("lists the newest first, page after page", async (t) => {
    const newest = await hand({ name: "The newest", defaults: { mailbox: newMailbox() }, items: items(1) });
    const opened = await open(t, "#/batches");
    if (opened === undefined) return;
    const { page, complaints } = opened;
    const names = page.locator("#view tbody .cover");
    await shows(names.first(), /^The newest$/);
    assert.equal(await names.count(), 25);
    assert.equal(await names.first().getAttribute("href"), `#/batches/${newest}`);
    const seen = new Set(await names.allTextContents());
    await page.getByRole("link", { name: "Older" }).click();
    await page.getByText("These are the oldest on record.").waitFor();
    for (const name of await names.allTextContents()) seen.add(name);
    for (let n = 0; n < OLD_BATCHES; n++) assert.ok(seen.has(`Old ${n}`), `Old ${n} is on no page`);
    await page.getByRole("link", { name: "Newest" }).click();
    await shows(names.first(), /^The newest$/);
    assert.deepEqual(complaints, []);
  });

  it("says of one that is incomplete what to do", async (t) => {
    const opened = await open(t, "#/batches/old-1");
    if (opened === undefined) return;
    const { page, complaints } = opened;
    await shows(
      page.locator("#view"),
      /Old 1 incomplete the queue has not confirmed all of it What to do: .* again, with the same Idempotency-Key/,
    );
    assert.deepEqual(complaints, []);
  });

  it("is paused and resumed by one button that keeps the focus, and all of it is made once", async (t) => {
    const mailbox = newMailbox();
    holdUp(mailbox);
    const id = await hand({ name: "Paused", defaults: { mailbox }, items: items(12) });
    const opened = await open(t, `#/batches/${id}`);
    if (opened === undefined) return;
    const { page, complaints } = opened;
    const view = page.locator("#view");
    await shows(
      view,
      /0 of 12 requests have ended\. Time left: (less than a minute|about \d+ (min|h)), by Gmail's quota/,
    );
    await press(page, "Pause");
    await shows(page.locator("#announcer"), /^The batch is paused\.$/);
    await shows(view, /Paused paused its requests are set aside until it is resumed/);
    await shows(view, /It stands still until it is resumed\./);
    assert.equal(await textOf(page.locator(":focus")), "Resume");
    assert.equal(await page.getByRole("dialog").count(), 0);
    await shows(page.locator('[data-key="parked"] .tile'), /^12 parked set aside until the batch is resumed/);
    assert.equal(await page.locator('#view [data-key="failures"]').count(), 0, "a pause is no failure");
    stack.google.faults.clear();
    await page.keyboard.press("Enter");
    await shows(view, /12 of 12 requests have ended/);
    assert.equal(stack.google.drafts(mailbox).length, 12);
    assert.deepEqual(complaints, []);
  });

  it("is canceled once a person has read what comes of it, and then tells what came", async (t) => {
    const [held, made] = [newMailbox(), newMailbox()];
    stack.google.admin.disableMail(held);
    const id = await hand({
      name: "Canceled",
      items: [...items(5, { mailbox: held }), ...items(2, { mailbox: made })],
    });
    await created(id, 2);
    const opened = await open(t, `#/batches/${id}`);
    if (opened === undefined) return;
    const { page, complaints } = opened;
    await press(page, "Cancel…");
    const dialog = page.getByRole("dialog", { name: "Cancel a batch" });
    await shows(
      dialog,
      /Canceled 5 requests that are no draft yet would be withdrawn\. 2 drafts that exist would stay\./,
    );
    await shows(dialog, /A canceled batch cannot be resumed\./);
    await dialog.getByRole("button", { name: "Close" }).click();
    assert.equal((await ledger.documents(BATCHES).get(id))?.control, "open", "closing it orders nothing");

    await press(page, "Cancel…");
    await dialog.getByRole("button", { name: "Cancel the batch" }).click();
    await shows(dialog, /Done: 5 requests withdrawn, 2 drafts stay\./);
    await shows(page.locator("#batch-order-status"), /^Done: 5 requests withdrawn, 2 drafts stay\.$/);
    await dialog.getByRole("button", { name: "Close" }).click();
    await shows(page.locator("#view"), /Told to canceled.*7 of 7 requests have ended/);
    assert.deepEqual(await page.locator("#view").getByRole("button").allTextContents(), ["Undo…"]);
    assert.deepEqual([stack.google.drafts(held).length, stack.google.drafts(made).length], [0, 2]);
    assert.deepEqual(complaints, []);
  });

  it("is taken back: an edited draft stays, and what was deleted, kept and gone is told", async (t) => {
    const mailbox = newMailbox();
    const id = await hand({ name: "Taken back", defaults: { mailbox }, items: items(6) });
    const [edited, gone] = await created(id, 6);
    stack.google.admin.editDraft(mailbox, edited?.draftId ?? "");
    stack.google.admin.deleteDraft(mailbox, gone?.draftId ?? "");
    const opened = await open(t, `#/batches/${id}`);
    if (opened === undefined) return;
    const { page, complaints } = opened;
    await press(page, "Undo…");
    const dialog = page.getByRole("dialog", { name: "Undo a batch" });
    await shows(dialog, /Taken back Of 6 drafts those that nobody has worked on would be deleted; edited ones stay\./);
    assert.equal(stack.google.drafts(mailbox).length, 5, "asking deletes nothing");
    await dialog.getByRole("button", { name: "Cancel it and delete its drafts" }).click();
    const outcome = "Done: 4 drafts deleted, 1 kept because somebody has worked on it, 1 gone before";
    await shows(dialog, new RegExp(outcome));
    await dialog.getByRole("button", { name: "Close" }).click();
    assert.deepEqual(
      stack.google.drafts(mailbox).map((draft) => draft.id),
      [edited?.draftId],
    );
    await shows(page.locator('#view section[data-key="undo"]'), new RegExp(`^Undo ${outcome}.*Finished`));
    await goTo(page, "batches");
    await shows(rowOf(page, "Taken back"), new RegExp(`canceled 6 0 ${outcome}`));
    assert.deepEqual(complaints, []);
  });

  it("by keyboard alone, and the focus is never lost", async (t) => {
    const mailbox = newMailbox();
    const id = await hand({ name: "Keyboard", defaults: { mailbox }, items: items(2) });
    await created(id, 2);
    const opened = await open(t, "#/batches");
    if (opened === undefined) return;
    const { page, complaints } = opened;
    await rowOf(page, "Keyboard").waitFor();
    await tabTo(page, /^Keyboard$/);
    await page.keyboard.press("Enter");
    await page.locator("h1:focus", { hasText: /^Batch$/ }).waitFor();
    await page.locator("#view").getByRole("button", { name: "Undo…" }).waitFor();
    await tabTo(page, /^Undo…$/);
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Undo a batch" });
    await dialog.waitFor();
    assert.equal(await textOf(page.locator(":focus")), "Close", "what deletes is not what is at hand");
    await dialog.getByRole("button", { name: "Cancel it" }).waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    assert.equal(await textOf(page.locator(":focus")), "Undo…");
    await page.keyboard.press("Enter");
    await dialog.getByRole("button", { name: "Cancel it" }).waitFor();
    await tabTo(page, /^Cancel it and delete its drafts$/, 5);
    await page.keyboard.press("Enter");
    await shows(dialog, /Done: 2 drafts deleted/);
    assert.equal(await page.locator("#batch-order-body:focus").count(), 1, "the focus is at what has come of it");
    await page.locator("#view").getByText("Undo…").waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    await page.locator("main:focus").waitFor();
    assert.deepEqual(complaints, []);
  });

  it("asks again when it is opened in the very moment in which it closes", async (t) => {
    const id = await hand({ name: "Twice", defaults: { mailbox: newMailbox() }, items: items(1) });
    const opened = await open(t, `#/batches/${id}`);
    if (opened === undefined) return;
    const { page, complaints } = opened;
    await press(page, "Undo…");
    const order = page.getByRole("button", { name: "Cancel it and delete its drafts" });
    await order.waitFor();
    await page.evaluate(
      `document.querySelector("#batch-order").close(); document.querySelector('[data-order="undo"]').click()`,
    );
    await shows(page.locator("#batch-order-body"), /Cancel it and delete its drafts/);
    assert.deepEqual(complaints, []);
  });

  it("a name that somebody meant as markup is a name, on every page and in the dialog", async (t) => {
    const name = `"'></bdi><img src=x onerror=alert(1)><script>alert(2)</script>\u202Etxt`;
    const id = await hand({ name, defaults: { mailbox: newMailbox() }, items: items(1) });
    await created(id, 1);
    const opened = await open(t, "#/batches");
    if (opened === undefined) return;
    const { page, complaints } = opened;
    const clean = async (where: string): Promise<void> => {
      assert.equal(await page.locator("body :is(img, script)").count(), 0, where);
      assert.match(await page.title(), /^Batch(es)? · Draftmill$/, where);
    };
    const cover = page.locator("#view tbody .cover").first();
    await cover.waitFor();
    assert.equal(await cover.textContent(), name);
    await clean("the list");
    await cover.click();
    await page.locator("#view h2").first().waitFor();
    assert.equal(await page.locator("#view h2").first().textContent(), name);
    await clean("its page");
    await press(page, "Undo…");
    await page.getByRole("button", { name: "Cancel it" }).waitFor();
    assert.equal(await page.locator("#batch-order-what").textContent(), name);
    await clean("the dialog");
    assert.deepEqual(complaints, []);
  });

  it("says that there is no such batch, and that a canceled one cannot be paused", async (t) => {
    const mailbox = newMailbox();
    holdUp(mailbox);
    const id = await hand({ name: "Stale", defaults: { mailbox }, items: items(1) });
    const opened = await open(t, "#/batches/nothing");
    if (opened === undefined) return;
    const { page, complaints } = opened;
    await shows(page.locator("#trouble"), /There is no batch with this id\. ?BATCH_NOT_FOUND/);
    await page.goto(`${stack.apiUrl}/#/batches/${id}`);
    const pause = page.locator("#view").getByRole("button", { name: "Pause" });
    await pause.waitFor();
    // What the page shows is what was so before somebody else canceled it.
    const stale = await (await fetch(`${stack.apiUrl}/v1/batches/${id}`)).json();
    await page.route(`**/v1/batches/${id}`, (route) => route.fulfill({ json: stale }));
    assert.equal((await stack.post(`/v1/batches/${id}/cancel`, {})).status, 202);
    await pause.click();
    const dialog = page.getByRole("dialog", { name: "Pause a batch" });
    await shows(dialog, /The batch was canceled\. ?BATCH_CANCELED/);
    assert.deepEqual(await dialog.getByRole("button").allTextContents(), ["Close"]);
    await page.unroute(`**/v1/batches/${id}`);
    await dialog.getByRole("button", { name: "Close" }).click();
    await pause.waitFor({ state: "detached" });
    await isLive(page);
    stack.google.faults.clear();
    assert.deepEqual(complaints, []);
  });

  it("when an order's answer is lost it says that nobody knows, and the order can be given again", async (t) => {
    const mailbox = newMailbox();
    holdUp(mailbox);
    const id = await hand({ name: "Lost", defaults: { mailbox }, items: items(2) });
    const opened = await open(t, `#/batches/${id}`);
    if (opened === undefined) return;
    const { page } = opened;
    await page.route(
      `**/v1/batches/${id}/pause`,
      async (route) => {
        await route.fetch();
        await route.abort();
      },
      { times: 1 },
    );
    await press(page, "Pause");
    const dialog = page.getByRole("dialog", { name: "Pause a batch" });
    await shows(dialog, /The api does not answer.*Nobody knows whether the order has arrived\. It does no harm/);
    await dialog.getByRole("button", { name: "Pause it: try again" }).click();
    await dialog.waitFor({ state: "hidden" });
    await shows(page.locator("#view"), /Lost paused/);
    await shows(page.locator(":focus"), /^Resume$/);
    stack.google.faults.clear();
  });
});
