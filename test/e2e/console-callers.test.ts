import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startGoogle } from "@draftmill/local/google/start-google.ts";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { BATCHES, newBatch } from "@draftmill/shared/batch/batch.ts";
import type { Page } from "playwright-core";
import { openChromium } from "../support/chromium.ts";
import { type ConsolePage, goTo, isLive, openConsole, shows, textOf } from "../support/console.ts";
import { ApiProcess } from "../unit/api/api-process.ts";
import { aRecord, MAILBOX } from "../unit/api/api-under-test.ts";
import { type ApiWithCallers, anApiWithCallers, CRM, OPERATOR } from "../unit/api/callers-under-test.ts";

const AUDIENCE = "https://draftmill-api-12345.europe-west1.run.app";

/** Everywhere that a page can leave something. */
const LEFT_BEHIND = `(async () => JSON.stringify({
  local: { ...localStorage },
  session: { ...sessionStorage },
  cookie: document.cookie,
  databases: await indexedDB.databases(),
  caches: await caches.keys(),
  state: history.state,
  name: window.name,
  address: location.href,
  fields: [...document.querySelectorAll("input, textarea")].map(({ value }) => value),
  text: document.documentElement.outerHTML,
}))()`;

async function giveToken(page: Page, token: string): Promise<void> {
  await page.getByLabel("Identity token").fill(token);
  await page.getByRole("button", { name: "Use this token" }).click();
}

async function tokenOf(api: ApiWithCallers, email: string, claims = {}): Promise<string> {
  return (await api.as(email, claims)).authorization.replace("Bearer ", "");
}

/** The console of an api in this process, in a browser; undefined where there is none. */
async function openWithCallers(
  t: TestContext,
  api: ApiWithCallers,
  hash = "",
): Promise<(ConsolePage & { readonly url: string }) | undefined> {
  const browser = await openChromium(t);
  if (browser === undefined) return undefined;
  const url = await api.app.listen({ host: "127.0.0.1", port: 0 });
  return { url, ...(await openConsole(browser, url, hash)) };
}

test("with AUTH_MODE=oidc the console asks for a token, works with it, and keeps it nowhere but in the page", {
  timeout: 120_000,
}, async (t) => {
  const browser = await openChromium(t);
  if (browser === undefined) return;
  const folder = await mkdtemp(join(tmpdir(), "draftmill-console-"));
  t.after(() => rm(folder, { recursive: true }));
  const google = await startGoogle({ statePath: ":memory:", signer: await createIdTokenSigner() });
  t.after(() => google.close());
  const callers = [{ caller: google.serviceAccount, mailboxes: [MAILBOX], role: "operate", requestsPerSecond: 100 }];
  await writeFile(join(folder, "callers.json"), JSON.stringify({ callers }));
  const api = new ApiProcess({
    ...google.environment(),
    PORT: "0",
    HOST: "127.0.0.1",
    GMAIL_USER: MAILBOX,
    GOOGLE_CLOUD_PROJECT: "demo",
    PUBSUB_EMULATOR_HOST: "127.0.0.1:9",
    LEDGER_URL: `sqlite:${join(folder, "ledger.db")}`,
    AUTH_MODE: "oidc",
    AUTH_AUDIENCE: AUDIENCE,
    CALLERS_FILE: join(folder, "callers.json"),
  });
  t.after(async () => {
    api.child.kill("SIGKILL");
    await api.exited;
  });
  const url = String((await api.logged("api.started")).url);
  const identity = async (audience: string): Promise<string> => {
    const at = `${google.url}/computeMetadata/v1/instance/service-accounts/default/identity?audience=${audience}&format=full`;
    return (await fetch(at, { headers: { "metadata-flavor": "Google" } })).text();
  };

  const { page, context, complaints } = await openConsole(browser, url);
  const dialog = page.getByRole("dialog", { name: "Who calls?" });
  await dialog.waitFor();
  assert.equal(
    await textOf(page.locator("#token-command")),
    `gcloud auth print-identity-token \\ --impersonate-service-account=OPERATOR@PROJECT.iam.gserviceaccount.com \\ --audiences=${url} \\ --include-email`,
  );
  assert.match(
    await textOf(dialog),
    /It stays in this page's memory: not in storage, not in a cookie, not in the address/,
  );
  await giveToken(page, "hunter2");
  await shows(page.locator("#token-fault"), /That is no identity token/);
  await giveToken(page, await identity("https://another.example.test"));
  await shows(page.locator("#token-fault"), /does not accept this token/);
  const token = await identity(AUDIENCE);
  // As a terminal that wraps its lines gives it.
  await giveToken(page, `Bearer ${token.slice(0, 80)}\n  ${token.slice(80)}\n`);
  await dialog.waitFor({ state: "hidden" });
  await isLive(page);
  await page.locator('#view [data-key="created"]').waitFor();
  assert.match(
    await textOf(page.locator("#holder")),
    new RegExp(`^${google.serviceAccount} until \\d\\d:\\d\\d:\\d\\d`),
  );

  const left = await page.evaluate<string>(LEFT_BEHIND);
  const [, payload = "", signature = ""] = token.split(".");
  for (const part of [token, payload, signature]) assert.ok(!left.includes(part), "a part of the token is in the page");
  const stored = JSON.parse(left);
  assert.deepEqual([stored.local, stored.session, stored.cookie], [{}, {}, ""]);
  assert.deepEqual([stored.databases, stored.caches, stored.state, stored.name], [[], [], null, ""]);
  assert.deepEqual(await context.cookies(), []);
  assert.ok(!api.lines.join("\n").includes(signature), "the token is in the log");

  await page.reload();
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  await shows(page.locator("#trouble"), /The api wants to know who calls.*Give a token…/);
  await page.getByRole("button", { name: "Give a token…" }).click();
  await giveToken(page, token);
  await isLive(page);
  await page.getByRole("button", { name: "Forget the token" }).click();
  await dialog.waitFor();
  assert.deepEqual(complaints, []);
});

test("a caller that is not known, or of the other role, is told what CALLERS_FILE would have to say", async (t) => {
  const api = await anApiWithCallers(t);
  await api.ledger.accept(aRecord(api.clock, { id: "own", subject: "Own" }));
  const about = { id: "own-batch", name: null, caller: CRM, source: "items" as const, total: 1, rejected: 0 };
  const batch = newBatch({ ...about, mailboxes: { [MAILBOX]: 1 } }, api.clock.nowMs());
  await api.ledger.documents(BATCHES).create(batch);
  const opened = await openWithCallers(t, api);
  if (opened === undefined) return;
  const { url, page, complaints } = opened;
  await giveToken(page, await tokenOf(api, "eve@demo.iam.gserviceaccount.com"));
  await shows(page.locator("#token-fault"), /Not allowed\. CALLERS_FILE does not name the caller/);
  await giveToken(page, await tokenOf(api, CRM));
  await shows(page.locator("#trouble"), /Not allowed ?ROLE_NOT_ALLOWED.*needs the role operate.*the role submit/);

  await goTo(page, "batches");
  await shows(page.locator("#trouble"), /Not allowed ?ROLE_NOT_ALLOWED.*Its own batches can be looked at/);

  // What that role may do, the console does.
  await page.goto(`${url}/#/batches/own-batch`);
  await page.locator("#view").getByRole("button", { name: "Pause" }).click();
  await shows(page.locator("#view"), /Told to paused/);
  await goTo(page, "requests");
  await page.locator("#filter-mailbox").fill(MAILBOX);
  await page.keyboard.press("Enter");
  await page.locator("#view .cover", { hasText: "Own" }).click();
  await page.locator("#record").getByText("Dedupe key").waitFor();
  assert.equal(await textOf(page.locator("#trouble")), "");
  assert.deepEqual(complaints, []);
});

test("a token that ends does not take the page away, nor the focus; with another one it goes on", async (t) => {
  const api = await anApiWithCallers(t);
  await api.ledger.accept(aRecord(api.clock, { id: "one", subject: "Still there" }));
  const opened = await openWithCallers(t, api, "#/requests");
  if (opened === undefined) return;
  const { page, complaints } = opened;
  await giveToken(page, await tokenOf(api, OPERATOR));
  const row = page.locator("#view .cover", { hasText: "Still there" });
  await row.focus();
  await api.clock.advance(2 * 3_600_000);
  await shows(page.locator("#trouble"), /The api wants to know who calls/);
  await shows(page.locator("#live"), /Waiting for a token/);
  assert.equal(await page.getByRole("dialog").count(), 0);
  assert.equal(await textOf(page.locator(":focus")), "Still there");
  await page.keyboard.press("Enter");
  const record = page.locator("#record");
  await shows(record, /wants to know who calls/);
  await record.getByRole("button", { name: "Give a token…" }).click();
  await giveToken(page, await tokenOf(api, OPERATOR));
  await record.getByText("Dedupe key").waitFor();
  await isLive(page);
  assert.deepEqual(complaints, []);
});

test("a token that something in front gives ends without a dialog in anybody's way", async (t) => {
  const api = await anApiWithCallers(t);
  await api.ledger.accept(aRecord(api.clock, { id: "one", subject: "Still there" }));
  const opened = await openWithCallers(t, api, "#/requests");
  if (opened === undefined) return;
  const { page, complaints } = opened;
  // As Google's proxy for Cloud Run does.
  const { authorization } = await api.as(OPERATOR);
  await page.route("**/v1/**", (route) => route.continue({ headers: { ...route.request().headers(), authorization } }));
  await page.reload();
  await page.locator("#view .cover", { hasText: "Still there" }).focus();
  await page.unroute("**/v1/**");
  await shows(page.locator("#trouble"), /The api wants to know who calls/);
  assert.equal(await page.getByRole("dialog").count(), 0);
  assert.equal(await textOf(page.locator(":focus")), "Still there");
  assert.deepEqual(complaints, []);
});

test("a caller that is over its rate waits as long as Retry-After says, whatever is pressed", async (t) => {
  // Thirteen seconds for one call, and the api's clock stands.
  const callers = [{ caller: OPERATOR, mailboxes: [], role: "operate", requestsPerSecond: 0.08, burst: 12 }];
  const api = await anApiWithCallers(t, { callers });
  await api.ledger.accept(aRecord(api.clock, { id: "one", subject: "Still there" }));
  const opened = await openWithCallers(t, api, "#/requests");
  if (opened === undefined) return;
  const { page, complaints } = opened;
  await giveToken(page, await tokenOf(api, OPERATOR));
  await page.locator("#view .cover", { hasText: "Still there" }).waitFor();
  const trouble = page.locator("#trouble");
  while ((await textOf(trouble)) === "") await page.clock.runFor(5_000);
  await shows(trouble, /The api asks for fewer calls.*may call again in 1[0-3] s.*It is tried again at/);
  assert.equal(await page.locator("#view .cover").count(), 1);
  const calls: string[] = [];
  page.on("request", (request) => calls.push(request.url()));
  await page.getByRole("button", { name: "Try now" }).click();
  await goTo(page, "failures");
  await goTo(page, "requests");
  await page.locator("#view .cover", { hasText: "Still there" }).waitFor();
  assert.deepEqual(calls, []);
  await api.clock.advance(600_000);
  await page.clock.runFor(14_000);
  await isLive(page);
  assert.equal(await textOf(trouble), "");
  assert.deepEqual(complaints, []);
});

test("a slow caller of one call a second sees everything, only later", async (t) => {
  const callers = [{ caller: OPERATOR, mailboxes: [], role: "operate", requestsPerSecond: 1, burst: 1 }];
  const api = await anApiWithCallers(t, { callers });
  const opened = await openWithCallers(t, api, "#/replays");
  if (opened === undefined) return;
  const { page } = opened;
  await page.getByLabel("Identity token").fill(await tokenOf(api, OPERATOR));
  await page.getByRole("button", { name: "Use this token" }).click();
  const empty = page.getByText("No replay yet");
  while (!(await empty.isVisible())) {
    await api.clock.advance(1_000);
    await page.clock.runFor(1_000);
  }
  assert.equal(await textOf(page.locator("#trouble")), "");
});

test("a ledger that is away shows as what it is, and the page comes back with it", async (t) => {
  const api = await anApiWithCallers(t);
  const opened = await openWithCallers(t, api, "#/incidents");
  if (opened === undefined) return;
  const { page, complaints } = opened;
  await giveToken(page, await tokenOf(api, OPERATOR));
  await page.getByText("Nothing is open").waitFor();
  let isAway = true;
  await page.route("**/v1/**", (route) =>
    isAway
      ? route.fulfill({
          status: 503,
          contentType: "application/problem+json",
          headers: { "retry-after": "2" },
          body: JSON.stringify({ code: "LEDGER_UNAVAILABLE", title: "The ledger cannot be reached.", detail: "" }),
        })
      : route.continue(),
  );
  await shows(
    page.locator("#trouble"),
    /The api cannot serve this now ?LEDGER_UNAVAILABLE.*The ledger cannot be reached/,
  );
  await page.getByText("Nothing is open").waitFor();
  isAway = false;
  await page.getByRole("button", { name: "Try now" }).click();
  await isLive(page);
  assert.equal(await textOf(page.locator("#trouble")), "");
  assert.deepEqual(complaints, []);
});
