import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { BATCHES, newBatch } from "@draftmill/shared/batch/batch.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import { newDraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import type { Page } from "playwright-core";
import { openChromium } from "../support/chromium.ts";
import { goTo, isLive, openConsole, refreshed, shows, textOf } from "../support/console.ts";
import { startTestStack, type TestStack } from "../support/local-stack.ts";

const REQUEST = { to: "ada@example.com", message: "M" };
const BATCH = "paging";
const BATCH_SIZE = 120;
const LONG_NAME = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";
const VIEWS = ["overview", "failures", "incidents", "batches", "requests", "replays"] as const;

describe("the console shows what the api knows", { timeout: 240_000 }, () => {
  let folder: string;
  let stack: TestStack;
  let ledger: DraftLedger;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "draftmill-console-"));
    stack = await startTestStack({ dataDir: folder });
    const store = await openLedger(`sqlite:${join(folder, "ledger.db")}`, { clock: systemClock });
    ledger = new DraftLedger(store, { clock: systemClock });
    for (let n = 0; n < BATCH_SIZE; n++) {
      const about = { id: `paged-${n}`, mailbox: "paged@example.com", to: ["ada@example.com"], subject: `Page ${n}` };
      await ledger.accept(newDraftRecord({ ...about, bodyHash: "hash", batch: BATCH }, Date.now() - 60_000 + n));
    }
    const about = { id: BATCH, name: LONG_NAME, caller: null, source: "items" as const, rejected: 0 };
    const handed = { ...about, total: BATCH_SIZE, mailboxes: { "paged@example.com": BATCH_SIZE } };
    await ledger.documents(BATCHES).create(newBatch(handed, Date.now() - 60_000));
  });
  after(async () => {
    await ledger.close();
    await stack.finish();
    await rm(folder, { recursive: true });
  });

  const open = async (t: TestContext, hash = "", options = {}) => {
    const browser = await openChromium(t);
    return browser === undefined ? undefined : openConsole(browser, stack.apiUrl, hash, options);
  };
  const submit = async (fields: object): Promise<string> =>
    (await stack.post("/v1/drafts", { ...REQUEST, ...fields })).body.id;
  const subjectsOf = (page: Page): Promise<string[]> => page.locator("#view tbody .cover").allTextContents();

  it("counts the requests of every state, and counts again by itself", async (t) => {
    const opened = await open(t);
    if (opened === undefined) return;
    const { page, complaints } = opened;
    const created = page.locator('#view [data-key="created"] .tile-count');
    await created.waitFor();
    assert.equal(await page.title(), "Overview · Draftmill");
    const before = Number(await textOf(created));
    assert.deepEqual(await page.locator(".tile-name").allTextContents(), [
      "queued",
      "processing",
      "created",
      "failed",
      "parked",
      "dead",
      "canceled",
    ]);
    assert.equal(await textOf(page.locator('[data-key="queued"] .tile-count')), String(BATCH_SIZE));

    await stack.settled(await submit({ subject: "Counted" }));
    await shows(created, new RegExp(`^${before + 1}$`));
    await page.locator('[data-key="created"] .tile').click();
    await page.locator("#view .cover", { hasText: "Counted" }).waitFor();
    assert.equal(new URL(page.url()).hash, "#/requests?state=created");
    assert.equal(await page.locator("#filter-state").inputValue(), "created");
    assert.deepEqual(complaints, []);
  });

  it("opens a request's record over the list, with all that is known of it, and Back closes it", async (t) => {
    const metadata = { campaign: "Q4 Verlängerung" };
    const id = await submit({
      subject: "Angebot für Émilie",
      metadata,
      dedupeKey: "key-1",
      mailbox: "rep@example.com",
    });
    const { draftId } = await stack.settled(id);
    const opened = await open(t, "#/requests?mailbox=rep@example.com");
    if (opened === undefined) return;
    const { page, complaints } = opened;
    await page.locator("#view tbody tr", { hasText: "Angebot für Émilie" }).click();
    const record = page.locator("#record");
    await record.getByText("Dedupe key").waitFor();
    const shown = await textOf(record);
    for (const fact of [
      id,
      "rep@example.com",
      "ada@example.com",
      String(draftId),
      "key-1",
      "campaign",
      "Verlängerung",
    ]) {
      assert.ok(shown.includes(fact), `${fact} in ${shown}`);
    }
    assert.match(shown, /Attempts 1 /);
    assert.match(await textOf(record.locator("time").first()), /\d{4}.*\d\d:\d\d:\d\d/);
    const gmail = record.getByRole("link", { name: /Gmail/ });
    assert.equal(await gmail.getAttribute("href"), "https://mail.google.com/mail/?authuser=rep%40example.com#drafts");
    assert.equal(await gmail.getAttribute("rel"), "noreferrer noopener");
    assert.equal(await gmail.getAttribute("target"), "_blank");

    const address = page.url();
    assert.match(address, new RegExp(`open=${id}$`));
    await page.goBack();
    await record.waitFor({ state: "hidden" });
    await page.goForward();
    await record.getByText("Dedupe key").waitFor();
    await page.keyboard.press("Escape");
    await record.waitFor({ state: "hidden" });
    await page.waitForURL(/mailbox=rep(%40|@)example\.com$/);

    // Whoever is sent the address sees the same, and closing it leads to the list, not away.
    const other = await opened.context.newPage();
    await other.goto(address);
    await other.locator("#record").getByText("Dedupe key").waitFor();
    await other.locator("#record-close").click();
    await other.locator("#view tbody tr", { hasText: "Angebot für Émilie" }).waitFor();
    await other.waitForURL(({ hash }) => !hash.includes("open="));
    assert.deepEqual(
      complaints.filter((text) => !text.startsWith("new window")),
      [],
    );
  });

  it("tells why a request failed and what to do, and what is not on record", async (t) => {
    stack.google.admin.disableMail("off@example.com");
    const id = await submit({ subject: "Refused", mailbox: "off@example.com" });
    await stack.settled(id);
    const opened = await open(t, `#/requests?open=${id}`);
    if (opened === undefined) return;
    const { page, complaints } = opened;
    const problem = page.locator('#record [data-key="problem"]');
    await problem.waitFor();
    await shows(problem, /GMAIL_OFF The user has no Gmail \(HTTP 400.*What to do: Admin console.*may succeed later/);
    const admin = problem.getByRole("link", { name: "https://admin.google.com/ac/users" });
    assert.equal(await admin.getAttribute("rel"), "noreferrer noopener");
    assert.equal(await page.locator("#record").getByRole("link", { name: /Gmail/ }).count(), 0, "there is no draft");
    await problem.getByRole("link", { name: "All like it" }).click();
    await page.locator("#record").waitFor({ state: "hidden" });
    assert.deepEqual(await subjectsOf(page), ["Refused"]);

    await page.locator("#lookup-id").fill("no-such-request");
    await page.keyboard.press("Enter");
    await shows(page.locator("#record"), /No request with this id is on record.*DRAFT_NOT_FOUND/);
    await page.locator("#record-close").click();
    await page.locator("#record").waitFor({ state: "hidden" });
    assert.deepEqual(complaints, []);
  });

  it("shows incidents, what they wait for, and those that are over", async (t) => {
    const mailbox = "mended@example.com";
    stack.google.admin.disableMail(mailbox);
    await stack.settled(await submit({ subject: "Parked", mailbox }));
    const opened = await open(t, "#/incidents");
    if (opened === undefined) return;
    const { page, complaints } = opened;
    const incident = page.locator("article.card", { hasText: mailbox });
    await incident.waitFor();
    const shown = await textOf(incident);
    assert.match(shown, /GMAIL_OFF mended@example\.com The user has no Gmail \(HTTP 400 failedPrecondition/);
    assert.match(
      shown,
      /What to do: Admin console.*Since \d\d:\d\d:\d\d \(\d+ (s|min)\) Google asked \d+ times? Next /,
    );
    await shows(page.locator("#incidents-badge"), /^\d+ open$/);

    stack.google.admin.restoreUser(mailbox);
    await stack.post("/v1/replays", { filter: { mailbox } });
    await shows(page.locator("#view"), /Closed 1 Closed incidents.* mended@example\.com GMAIL_OFF .* a replay$/);
    assert.equal(await incident.count(), 0);
    assert.deepEqual(complaints, []);
  });

  it("filters by the form and pages by cursor; each is a place that Back leads to", async (t) => {
    const opened = await open(t, "#/requests");
    if (opened === undefined) return;
    const { page, complaints } = opened;
    await isLive(page);
    await page.locator("#filter-batch").fill(BATCH);
    await page.locator("#filter-state").selectOption("queued");
    await page.getByRole("button", { name: "Filter" }).click();
    const newest = page.locator("#view tbody .cover", { hasText: `Page ${BATCH_SIZE - 1}` });
    await newest.waitFor();
    assert.equal((await subjectsOf(page)).length, 50);
    assert.equal(new URL(page.url()).hash, `#/requests?state=queued&batch=${BATCH}`);

    const seen = new Set(await subjectsOf(page));
    for (const [length, last] of [
      [50, "Page 69"],
      [20, "Page 19"],
    ] as const) {
      await page.getByRole("link", { name: "Older" }).click();
      await page.locator("#view tbody .cover", { hasText: last }).waitFor();
      const subjects = await subjectsOf(page);
      assert.deepEqual([subjects.length, subjects[0]], [length, last]);
      for (const subject of subjects) seen.add(subject);
      assert.equal(await textOf(page.locator(":focus")), "Requests", "whoever listens hears that it is another page");
    }
    assert.equal(seen.size, BATCH_SIZE);
    assert.equal(await page.getByRole("link", { name: "Older" }).count(), 0);
    await page.goBack();
    await page.locator("#view tbody .cover", { hasText: "Page 69" }).waitFor();
    await page.reload();
    await page.locator("#view tbody .cover", { hasText: "Page 69" }).waitFor();
    await page.getByRole("link", { name: "Newest" }).click();
    await newest.waitFor();

    await page.locator("#filter-code").fill("GMAIL_OFF");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByText("No request fits").waitFor();
    await page.getByRole("link", { name: "Clear" }).click();
    await page.locator("#view tbody tr").first().waitFor();
    assert.equal(await page.locator("#filter-code").inputValue(), "");

    await page.goto(`${stack.apiUrl}/#/requests?code=NO_SUCH_CODE`);
    await shows(page.locator("#trouble"), /HEADER_INVALID.*code must be equal to one of the allowed values/);
    await page.goto(`${stack.apiUrl}/#/requests?cursor=made-up`);
    await shows(page.locator("#trouble"), /cursor is not one of ours/);
    assert.deepEqual(complaints, []);
  });

  it("leads from view to view by the hash, and what is no place is the overview", async (t) => {
    const opened = await open(t, "#/nowhere?open=x");
    if (opened === undefined) return;
    const { page, complaints } = opened;
    const title = page.locator("h1");
    await isLive(page);
    await shows(title, /^Overview$/);
    for (const [name, path] of [
      ["Failures", "failures"],
      ["Replays", "replays"],
      ["Requests", "requests"],
    ] as const) {
      await goTo(page, path);
      await shows(page.locator("h1:focus"), new RegExp(`^${name}$`));
      assert.equal(new URL(page.url()).hash, `#/${path}`);
      assert.equal(await page.title(), `${name} · Draftmill`);
      assert.equal(await page.locator('[aria-current="page"]').getAttribute("data-view"), path);
    }
    await page.goBack();
    await shows(title, /^Replays$/);
    await page.goBack();
    await shows(title, /^Failures$/);
    await page.goForward();
    await shows(title, /^Replays$/);
    assert.deepEqual(complaints, []);
  });

  it("refreshes under a reader's hands: focus, depth, selection and what is open stay", async (t) => {
    const path = `/v1/drafts?limit=50&batch=${BATCH}`;
    const opened = await open(t, `#/requests?batch=${BATCH}`);
    if (opened === undefined) return;
    const { page, complaints } = opened;
    const row = page.locator("#view tbody tr").nth(30);
    await row.waitFor();
    await row.locator(".cover").focus();
    const subject = await textOf(row.locator(".cover"));
    await page.evaluate("scrollTo(0, 900)");
    await page.evaluate(
      `getSelection().selectAllChildren([...document.querySelectorAll("#view tbody tr")][31].querySelector(".mailbox"))`,
    );
    const about = {
      id: "paged-late",
      mailbox: "paged@example.com",
      to: [],
      subject: "Late",
      bodyHash: "hash",
      batch: BATCH,
    };
    await ledger.accept(newDraftRecord(about, Date.now()));
    await shows(page.locator("#view tbody .cover").first(), /^Late$/);
    await refreshed(page, path);
    assert.equal(await textOf(page.locator(":focus")), subject);
    assert.equal(await page.evaluate("getSelection().toString()"), "paged@example.com");
    assert.ok((await page.evaluate<number>("scrollY")) >= 900);

    await page.keyboard.press("Enter");
    const record = page.locator("#record");
    await record.getByText("Dedupe key").waitFor();
    const close = page.locator("#record-close");
    await close.focus();
    await refreshed(page, path);
    await refreshed(page, `/v1/drafts/${await textOf(record.locator('[data-key="Request"] dd'))}`);
    assert.ok(await record.isVisible());
    assert.equal(await textOf(page.locator(":focus")), "Close");
    await page.keyboard.press("Enter");
    await record.waitFor({ state: "hidden" });
    assert.equal(await textOf(page.locator(":focus")), subject, "the focus is back where it came from");

    // What is being typed is nobody else's.
    await page.locator("#filter-mailbox").fill("half an addr");
    await refreshed(page, path);
    assert.equal(await page.locator("#filter-mailbox").inputValue(), "half an addr");
    assert.deepEqual(complaints, []);
  });

  it("asks nothing while nobody sees it, and at once when somebody does", async (t) => {
    const opened = await open(t, "#/replays");
    if (opened === undefined) return;
    const { page } = opened;
    await isLive(page);
    const see = (isHidden: boolean): Promise<unknown> =>
      page.evaluate(
        `Object.defineProperty(document, "hidden", { configurable: true, value: ${isHidden} }); document.dispatchEvent(new Event("visibilitychange"))`,
      );
    await see(true);
    const calls: string[] = [];
    page.on("request", (request) => calls.push(request.url()));
    await page.clock.runFor("10:00");
    assert.deepEqual(calls, []);
    const asked = page.waitForRequest(/\/v1\/replays/);
    await see(false);
    await asked;
  });

  it("says that the api is away, keeps what was there, and goes on when it is back", async (t) => {
    const opened = await open(t, `#/requests?batch=${BATCH}`);
    if (opened === undefined) return;
    const { page, complaints } = opened;
    await page.locator("#view tbody tr").first().waitFor();
    const rows = await page.locator("#view tbody tr").count();
    await stack.api.stop();
    try {
      await shows(page.locator("#trouble"), /The api does not answer.*It is tried again at \d\d:\d\d:\d\d/);
      assert.equal(await page.locator("#view tbody tr").count(), rows);
      await shows(page.locator("#live"), /Reconnecting/);
      await shows(page.locator("#announcer"), /The api does not answer/);
    } finally {
      await stack.api.start();
    }
    await shows(page.locator("#live"), /Live/);
    assert.equal(await textOf(page.locator("#trouble")), "");
    await shows(page.locator("#announcer"), /answers again/);
    assert.deepEqual(complaints, []);
  });

  it("is dark on a dark desktop, and fits a phone in every view", async (t) => {
    const long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft ".repeat(3);
    stack.google.admin.disableMail("vertriebsunterstuetzung-nordrhein-westfalen@example.com");
    const mailbox = "vertriebsunterstuetzung-nordrhein-westfalen@example.com";
    const id = await submit({ subject: long, mailbox });
    await stack.settled(id);
    const opened = await open(t, "", { colorScheme: "dark" });
    if (opened === undefined) return;
    const { page, complaints } = opened;
    await isLive(page);
    const background = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    const [red = 255, green = 255, blue = 255] = (background.match(/\d+/g) ?? []).map(Number);
    assert.ok((red + green + blue) / 3 < 60, background);

    await page.setViewportSize({ width: 360, height: 740 });
    for (const hash of [...VIEWS.map((view) => `#/${view}`), `#/batches/${BATCH}`, `#/requests?open=${id}`]) {
      await page.goto(`${stack.apiUrl}/${hash}`);
      await page.locator('#view:not([aria-busy="true"]) > *').first().waitFor();
      if (hash.includes("open")) await page.locator('#record [data-key="problem"]').waitFor();
      const width = await page.evaluate<number>("document.documentElement.scrollWidth");
      assert.equal(width, 360, `${hash} sticks out`);
      const stuck = await page.evaluate<string[]>(
        `[...document.querySelectorAll(".table, .dialog-body, .card")].filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => box.className + ": " + box.textContent.slice(0, 80))`,
      );
      assert.deepEqual(stuck, [], hash);
    }
    assert.deepEqual(complaints, []);
  });

  it("can be used by who does not see it: landmarks, names, headings, tables", async (t) => {
    const opened = await open(t);
    if (opened === undefined) return;
    const { page } = opened;
    for (const view of [`batches/${BATCH}`, ...VIEWS]) {
      await page.goto(`${stack.apiUrl}/#/${view}`);
      await page.locator('#view:not([aria-busy="true"]) > *').first().waitFor();
      assert.deepEqual(await page.evaluate<string[]>(UNUSABLE), [], view);
    }
    assert.equal(await page.getByRole("main").count(), 1);
    assert.equal(await page.getByRole("banner").count(), 1);
    assert.equal(await page.getByRole("navigation", { name: "Views" }).count(), 1);
    await page.reload();
    await page.keyboard.press("Tab");
    assert.equal(await textOf(page.locator(":focus")), "Skip to the content");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("main:focus").count(), 1);
    assert.match(page.url(), /#\/replays$/);
  });
});

/** What an assistive technology could make nothing of, in the document as it is. */
const UNUSABLE = `(() => {
  const faults = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const ids = all("[id]").map(({ id }) => id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push("twice: #" + id);
  if (all("h1").length !== 1) faults.push("not one h1");
  let level = 1;
  for (const heading of all("main :is(h1, h2, h3, h4)")) {
    const next = Number(heading.localName[1]);
    if (next > level + 1) faults.push("a heading is skipped before: " + heading.textContent);
    level = next;
  }
  for (const field of all("input, select")) if (field.labels.length !== 1) faults.push("no label: #" + field.id);
  for (const control of all("button, a")) {
    if (control.textContent.trim() === "") faults.push("no name: " + control.outerHTML);
  }
  for (const table of all("table")) {
    if (!table.caption?.textContent) faults.push("a table without a caption");
    for (const head of table.querySelectorAll("th")) if (!head.scope || !head.textContent.trim()) faults.push("a head: " + head.outerHTML);
    for (const row of table.tBodies[0].rows) if (row.querySelectorAll("th[scope=row]").length !== 1) faults.push("a row without a head");
  }
  for (const progress of all("progress")) {
    const isNamed = progress.ariaLabel || progress.closest("p")?.textContent;
    if (!isNamed) faults.push("a progress without a name");
  }
  for (const dialog of all("dialog")) {
    if (!document.getElementById(dialog.getAttribute("aria-labelledby"))) faults.push("a dialog without a name");
  }
  const names = all("#view button").map((button) => button.textContent);
  for (const name of names) if (names.indexOf(name) !== names.lastIndexOf(name)) faults.push("two buttons are called " + name);
  return faults;
})()`;
