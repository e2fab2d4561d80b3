import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import { newDraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { fingerprint, parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import type { Page } from "playwright-core";
import { openChromium } from "../support/chromium.ts";
import { goTo, openConsole, shows, tabTo, textOf } from "../support/console.ts";
import { startTestStack, type TestStack } from "../support/local-stack.ts";

interface Seeds {
  readonly mailbox: string;
  readonly count: number;
  readonly code?: string;
  readonly hasBody?: boolean;
}

describe("a replay is ordered in the console: counted, ordered, watched, stopped", { timeout: 240_000 }, () => {
  let folder: string;
  let stack: TestStack;
  let ledger: DraftLedger;
  let seeded = 0;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "draftmill-console-"));
    stack = await startTestStack({ dataDir: folder, google: { unitsPerMinute: 1_000_000 } });
    const store = await openLedger(`sqlite:${join(folder, "ledger.db")}`, { clock: systemClock });
    ledger = new DraftLedger(store, { clock: systemClock });
  });
  after(async () => {
    await ledger.close();
    await stack.finish();
    await rm(folder, { recursive: true });
  });

  /** Parked requests on record, as an incident of their mailbox leaves them. */
  const seed = async ({ mailbox, count, code = "GMAIL_OFF", hasBody = true }: Seeds): Promise<void> => {
    const seedOne = async (): Promise<void> => {
      seeded += 1;
      const body = { to: "ada@example.com", subject: `No. ${seeded}`, message: "M", mailbox };
      const parsed = parseDraftRequest(body, null);
      assert.ok(parsed.ok);
      const about = { id: `seeded-${seeded}`, mailbox, to: ["ada@example.com"], subject: body.subject };
      const record = newDraftRecord({ ...about, bodyHash: fingerprint(parsed.request) }, Date.now());
      const problem = { code, detail: "why", retryable: true };
      await ledger.failUnclaimed(record, { state: "parked", problem, body: hasBody ? JSON.stringify(body) : null });
    };
    await Promise.all(Array.from({ length: count }, seedOne));
    // What fails in the very millisecond of an order counts as having failed after it.
    await systemClock.sleep(2);
  };
  const open = async (t: TestContext, hash: string) => {
    const browser = await openChromium(t);
    return browser === undefined ? undefined : openConsole(browser, stack.apiUrl, hash);
  };
  const rowOf = (page: Page, mailbox: string) => page.locator("#view tbody tr", { hasText: mailbox });

  it("from a mailbox that fails, by its buttons, to drafts", async (t) => {
    const mailbox = "buttons@example.com";
    stack.google.admin.disableMail(mailbox);
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) {
      const { id } = (await stack.post("/v1/drafts", { to: "a@example.test", subject: "S", message: "M", mailbox }))
        .body;
      assert.equal((await stack.settled(id)).status, "parked");
      ids.push(id);
    }
    const opened = await open(t, "#/failures");
    if (opened === undefined) return;
    const { page, complaints } = opened;
    const row = rowOf(page, mailbox);
    await shows(
      row,
      /^buttons@example\.com 3 requests in buttons@example\.com parked 3 Replay… GMAIL_OFF, in buttons@/,
    );
    const card = page.locator("section.card", { hasText: mailbox });
    assert.match(
      await textOf(card),
      /^GMAIL_OFF.*The user has no Gmail\. What to do: Admin console > Directory > Users/,
    );

    stack.google.admin.restoreUser(mailbox);
    await row.getByRole("button").click();
    const dialog = page.getByRole("dialog", { name: "Replay" });
    await shows(dialog, /3 requests would be taken up\./);
    assert.match(
      await textOf(dialog),
      /GMAIL_OFF, in buttons@example\.com.*the open incidents that it is about are closed/,
    );
    assert.deepEqual(stack.google.drafts(mailbox), [], "counting takes nothing up");
    await dialog.getByRole("button", { name: "Take up 3 requests" }).click();
    await shows(dialog, /Done: 3 requests taken up\./);
    await shows(page.locator("#replay-status"), /^Done: 3 requests taken up\.$/);
    for (const id of ids) assert.equal((await stack.settled(id)).status, "created");
    assert.equal(stack.google.drafts(mailbox).length, 3);

    await dialog.getByRole("button", { name: "Close" }).click();
    await row.waitFor({ state: "detached" });
    await goTo(page, "replays");
    await shows(rowOf(page, mailbox).first(), /^GMAIL_OFF, in buttons@example\.com done 3 0 /);
    assert.deepEqual(complaints, []);
  });

  it("tells how many it would leave, and why, before and after", async (t) => {
    const mailbox = "left@example.com";
    const bystander = "bystander@example.com";
    await seed({ mailbox: bystander, count: 5 });
    await seed({ mailbox, count: 4 });
    await seed({ mailbox, count: 2, hasBody: false });
    await seed({ mailbox, count: 1, code: "REQUEST_INVALID" });
    const opened = await open(t, `#/requests?state=parked&mailbox=${mailbox}`);
    if (opened === undefined) return;
    const { page, complaints } = opened;
    await page.getByRole("button", { name: /^Replay these…/ }).click();
    const dialog = page.getByRole("dialog", { name: "Replay" });
    await shows(dialog, /4 requests would be taken up\. 3 requests would be left\./);
    await shows(dialog, /2 requests left: their content is not on record: have them sent again no-body/);
    await shows(dialog, /1 request left: the same content would fail again.*cannot-succeed/);
    await shows(dialog, /GMAIL_OFF 6 REQUEST_INVALID 1|REQUEST_INVALID 1 GMAIL_OFF 6/);
    await dialog.getByRole("button", { name: "Take up 4 requests" }).click();
    await shows(dialog, /Done: 4 requests taken up\./);
    await shows(dialog, /2 requests left: .*no-body/);
    await shows(dialog, /1 request left: .*cannot-succeed/);
    assert.equal((await ledger.countByState({ mailbox: bystander })).parked, 5, "another mailbox was meant as well");
    assert.deepEqual(complaints, []);
  });

  it("has nothing to order where nothing could be taken up", async (t) => {
    const mailbox = "nothing@example.com";
    await seed({ mailbox, count: 2, hasBody: false });
    const opened = await open(t, "#/failures");
    if (opened === undefined) return;
    const { page, complaints } = opened;
    await rowOf(page, mailbox).getByRole("button").click();
    const dialog = page.getByRole("dialog", { name: "Replay" });
    await shows(
      dialog,
      /^Replay Close GMAIL_OFF, in nothing@example\.com 0 requests would be taken up\. 2 requests would/,
    );
    assert.deepEqual(await dialog.getByRole("button").allTextContents(), ["Close"]);
    assert.deepEqual(complaints, []);
  });

  it("counts again when it is opened in the very moment in which it closes", async (t) => {
    const mailbox = "twice@example.com";
    await seed({ mailbox, count: 1 });
    const opened = await open(t, "#/failures");
    if (opened === undefined) return;
    const { page, complaints } = opened;
    await rowOf(page, mailbox).getByRole("button").click();
    await page.getByRole("button", { name: "Take up 1 request" }).waitFor();
    await page.evaluate(
      `document.querySelector("#replay").close(); document.querySelector('[data-action="replay"][data-mailbox="${mailbox}"]').click()`,
    );
    await shows(page.locator("#replay-body"), /Take up 1 request/);
    assert.deepEqual(complaints, []);
  });

  it("by keyboard alone, and the focus is never lost", async (t) => {
    const mailbox = "keyboard@example.com";
    await seed({ mailbox, count: 2 });
    const opened = await open(t, "#/failures");
    if (opened === undefined) return;
    const { page, complaints } = opened;
    await rowOf(page, mailbox).waitFor();
    await tabTo(page, /^Replay….*in keyboard@example\.com/);
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Replay" });
    await dialog.getByRole("button", { name: "Take up 2 requests" }).waitFor();
    await tabTo(page, /^Take up 2 requests$/, 5);
    await page.keyboard.press("Enter");
    await shows(dialog, /Done: 2 requests taken up\./);
    assert.equal(await page.locator("#replay-body:focus").count(), 1, "the focus is at what has come of it");
    assert.equal(stack.google.drafts(mailbox).length <= 2, true);
    await rowOf(page, mailbox).waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    // Its button is gone, and the focus is where that was.
    await page.locator("main:focus").waitFor();
    assert.deepEqual(complaints, []);
  });

  it("is stopped while it runs: in its dialog, or from the list of all replays", async (t) => {
    const opened = await open(t, "#/failures");
    if (opened === undefined) return;
    const { page, complaints } = opened;
    // A replay takes up a hundred in half a second at most: this one runs for twelve, which a busy machine's browser may need.
    const count = 2_400;
    for (const from of ["dialog", "list"] as const) {
      const mailbox = `${from}@example.com`;
      await seed({ mailbox, count });
      await page.goto(`${stack.apiUrl}/#/failures`);
      await rowOf(page, mailbox).getByRole("button").click();
      const dialog = page.getByRole("dialog", { name: "Replay" });
      await dialog.getByRole("button", { name: /^Take up 2[,.]?400 requests$/ }).click();
      await shows(dialog, /Running: [1-9]\d* of about 2[,.]?400 taken up\./);
      const progress = dialog.getByRole("progressbar", { name: "Requests gone through" });
      assert.equal(await progress.getAttribute("max"), String(count));
      if (from === "dialog") {
        await dialog.getByRole("button", { name: "Stop it" }).click();
        await shows(dialog, /Stopped: \d+ requests taken up\. They stay taken up\./);
        await dialog.getByRole("button", { name: "Close" }).click();
      } else {
        await dialog.getByRole("link", { name: "All replays" }).click();
        await dialog.waitFor({ state: "hidden" });
        await rowOf(page, mailbox).getByRole("button", { name: /^Stop/ }).click();
        await shows(rowOf(page, mailbox), /canceled/);
        assert.equal(await rowOf(page, mailbox).getByRole("button").count(), 0);
      }
      const { parked } = await ledger.countByState({ mailbox });
      assert.ok(parked > 0 && parked < count, `${parked} of ${count} are left`);
    }
    assert.deepEqual(complaints, []);
  });

  it("says why it could not be stopped for as long as somebody looks, however well the page loads", async (t) => {
    const mailbox = "unstopped@example.com";
    await seed({ mailbox, count: 1 });
    await stack.post("/v1/replays", { filter: { mailbox } });
    const opened = await open(t, "#/failures");
    if (opened === undefined) return;
    const { page } = opened;
    // As if it took long.
    await page.route("**/v1/replays?*", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: (await response.text()).replaceAll('"done"', '"running"') });
    });
    await goTo(page, "replays");
    const problem = { code: "LEDGER_UNAVAILABLE", title: "The ledger is away.", remedy: "Try again.", status: 503 };
    await page.route("**/v1/replays/*/cancel", (route) =>
      route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify(problem) }),
    );
    let loads = 0;
    page.on("response", (response) => {
      if (/\/v1\/replays\?/.test(response.url())) loads += 1;
    });
    await rowOf(page, mailbox).getByRole("button", { name: /^Stop/ }).click();
    const refused = page.locator("#refused");
    await shows(refused, /^The api cannot serve this now LEDGER_UNAVAILABLE/);
    const before = loads;
    while (loads < before + 2) await page.waitForResponse(/\/v1\/replays\?/);
    await shows(page.locator("#live"), /Live/);
    assert.match(await textOf(refused), /LEDGER_UNAVAILABLE/);
    await goTo(page, "failures");
    await shows(refused, /^$/);
  });

  it("never gives an order twice: when its answer is lost, it says that nobody knows", async (t) => {
    const mailbox = "lost@example.com";
    await seed({ mailbox, count: 1 });
    const opened = await open(t, "#/failures");
    if (opened === undefined) return;
    const { page } = opened;
    await rowOf(page, mailbox).getByRole("button").click();
    const dialog = page.getByRole("dialog", { name: "Replay" });
    const order = dialog.getByRole("button", { name: "Take up 1 request" });
    await order.waitFor();
    let orders = 0;
    await page.route("**/v1/replays", async (route) => {
      if (route.request().method() !== "POST") return route.continue();
      orders += 1;
      await route.fetch();
      await route.abort();
    });
    await order.click();
    await shows(dialog, /The api does not answer.*Nobody knows whether the order has arrived/);
    assert.equal(await order.count(), 0);
    await dialog.getByRole("link", { name: "All replays" }).click();
    await shows(rowOf(page, mailbox), /^GMAIL_OFF, in lost@example\.com (running|done)/);
    assert.equal(orders, 1);
  });
});
