import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { type LogEvent, startServiceProcess } from "@draftmill/local/service-process.ts";
import { ERROR_CODES } from "@draftmill/shared/error-codes.ts";
import { type DeadLetterMessage, type DraftView, startTestStack, type TestStack } from "../support/local-stack.ts";
import { type EventReader, readEvents } from "../support/result-events.ts";
import { openWireTap, type WireTap } from "../support/wire-tap.ts";

const LEASE_MS = 1_500;
const CALL_MS = 20_000;
const EVENTS_TOPIC = "draft-events";
/** In every address, subject, text, name and picture that is sent: one word to look for in all that comes out. */
const CANARY = "kanarienvogel";
const PICTURE = Buffer.from(`${CANARY} as a picture`).toString("base64");

/** The word as it stands, and as base64 shows it at each of the three places where it may begin in a text. */
const SIGHTINGS: readonly RegExp[] = [
  new RegExp(CANARY, "i"),
  ...["", "x", "xx"].map((before) => {
    const encoded = Buffer.from(`${before}${CANARY}`).toString("base64url");
    return new RegExp(encoded.slice(before.length === 0 ? 0 : 4, -4));
  }),
];

/**
 * A problem's pointers lead to the caller's own fields by their names, whatever these are. Otherwise there is one place where
 * an address may stand: the remedy of these codes tells its reader whom to look up in the Admin console.
 * It goes to who asked for that mailbox, to the operator's record and on the dead letter, never into a log.
 */
const NAMES_THE_MAILBOX = Object.entries(ERROR_CODES)
  .filter(([, { remedy }]) => remedy.includes("{mailbox}"))
  .map(([code]) => code);

function requestFor(name: string): Record<string, unknown> {
  const address = (field: string): string => `${CANARY}-${field}@example.test`;
  return {
    to: `"${CANARY} to" <${address("to")}>`,
    cc: [address("cc")],
    bcc: [address("bcc")],
    replyTo: address("reply-to"),
    subject: `${CANARY} subject`,
    message: `${CANARY} text`,
    html: `<p>${CANARY} html</p><img src="data:image/png;base64,${PICTURE}">`,
    metadata: { label: `${CANARY} label` },
    from: `"${CANARY} from" <${address("from")}>`,
    inReplyTo: `<${address("answered")}>`,
    references: [`<${address("first")}>`],
    attachments: [fileOf(`${CANARY} file`)],
    mailbox: mailboxOf(name),
  };
}

function fileOf(content: string): Record<string, string> {
  return {
    filename: `${CANARY} (1).txt`,
    contentType: `application/x-${CANARY}`,
    content: Buffer.from(content).toString("base64"),
  };
}

/** The same with a file that is too large for JSON, full of the word. */
function largeRequestFor(name: string): Record<string, unknown> {
  return { ...requestFor(name), attachments: [fileOf(`${CANARY} `.repeat(250_000)), fileOf("small")] };
}

function mailboxOf(name: string): string {
  return `${CANARY}-${name}@example.com`;
}

describe("no secret and nothing of a mail comes out where it should not", { timeout: 240_000 }, () => {
  let folder: string;
  let tap: WireTap;
  let stack: TestStack;
  const others: LogEvent[] = [];
  const problems: { readonly body: string; readonly path: string }[] = [];
  const details: string[] = [];
  let letters: readonly DeadLetterMessage[] = [];
  let results: EventReader;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "draftmill-canaries-"));
    tap = await openWireTap(() => new URL(stack.google.url).host);
    stack = await startTestStack({
      dataDir: folder,
      environment: {
        LOG_LEVEL: "info",
        EVENTS_TOPIC,
        CLAIM_LEASE_MS: String(LEASE_MS),
        GOOGLE_TIMEOUT_MS: "250",
        GCE_METADATA_HOST: tap.hostPort,
        SERVICE_ACCOUNTS_ENDPOINT: tap.url,
        IAM_CREDENTIALS_ENDPOINT: tap.url,
        GMAIL_ENDPOINT: tap.url,
        OAUTH_TOKEN_ENDPOINT: `${tap.url}/token`,
      },
      maxDeliveryAttempts: 8,
      pubsub: { pushBackoff: false },
    });
    results = await readEvents(stack, EVENTS_TOPIC, "events");
  });
  after(async () => {
    await stack.finish();
    await tap.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A call of the api; what it answers when it refuses is kept. */
  const call = async (path: string, init: RequestInit = {}, apiUrl = stack.apiUrl): Promise<Response> => {
    const answer = await fetch(`${apiUrl}${path}`, { ...init, signal: AbortSignal.timeout(CALL_MS) });
    if (answer.status >= 400) problems.push({ path, body: await answer.clone().text() });
    return answer;
  };
  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    call(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  const checkClean = (where: string, text: string): void => {
    for (const sighting of SIGHTINGS) {
      const at = text.search(sighting);
      assert.equal(at, -1, `${where} holds ${text.slice(Math.max(at - 300, 0), at + 100)}`);
    }
  };
  const submit = async (name: string, request = requestFor(name)): Promise<string> => {
    const answer = await post("/v1/drafts", request);
    return ((await answer.json()) as { id: string }).id;
  };
  /** Until the record is in the state, sweeping meanwhile where that is what gets it there. */
  const until = async (id: string, state: string, { sweeping = false } = {}): Promise<DraftView> => {
    for (;;) {
      const answer = await call(`/v1/drafts/${id}`, { headers: { prefer: "wait=1" } });
      const view = (await answer.json()) as DraftView;
      if (view.problem !== null && view.problem !== undefined) details.push(JSON.stringify(view.problem));
      if (view.status === state) return view;
      if (sweeping) await stack.sweep();
    }
  };
  const fails = (
    operation: "token" | "drafts.create",
    name: string,
    error:
      | "unauthorizedClient"
      | "invalidHeader"
      | "invalidSender"
      | "quotaExceeded"
      | "unknownUser"
      | "mailServiceNotEnabled"
      | "unavailable",
    times = 1,
    after = false,
  ) => stack.google.faults.next(operation, times, { kind: "answer", error, after }, mailboxOf(name));
  const logged = (message: string, fields: Record<string, unknown> = {}): Promise<LogEvent> =>
    stack.logged(
      (event) => event.message === message && Object.entries(fields).every(([key, value]) => event[key] === value),
    );
  const pushToken = async (): Promise<string> => {
    const signer = await createIdTokenSigner(join(folder, "signer.pem"));
    const [iat, email] = [Math.floor(Date.now() / 1_000), `push@${stack.project}.iam.gserviceaccount.com`];
    const aud = "https://draftmill-worker.local";
    return signer.sign({
      iss: "https://accounts.google.com",
      aud,
      sub: "1",
      email,
      email_verified: true,
      iat,
      exp: iat + 600,
    });
  };
  const push = async (body: string, token: string): Promise<number> => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    const signal = AbortSignal.timeout(CALL_MS);
    return (await fetch(`${stack.worker.url}/push`, { method: "POST", headers, body, signal })).status;
  };

  it("created: over HTTP, from the topic, and a second call under one key", async () => {
    assert.equal((await post("/", requestFor("root"))).status, 200);
    await until(await submit("queued"), "created");
    await stack.settled(await stack.publish(JSON.stringify(requestFor("topic"))));
    const key = { "idempotency-key": `${CANARY}-key` };
    assert.equal((await post("/v1/drafts", requestFor("keyed"), key)).status, 202);
    for (const changes of [{ subject: `${CANARY} other` }, { attachments: [fileOf(`${CANARY} other`)] }]) {
      assert.equal((await post("/v1/drafts", { ...requestFor("keyed"), ...changes }, key)).status, 422);
    }
    await until(await submit("large", largeRequestFor("large")), "created");
    await logged("draft.settled", { outcome: "created" });
  });

  it("refused by the api", async () => {
    const good = requestFor("refused");
    const bodies = [
      `{"subject":"${CANARY} subject", ${CANARY}`,
      { ...good, to: `${CANARY} is no address` },
      { ...good, to: [`${CANARY}@[127.0.0.1]`, `${CANARY}@example.test\r\nBcc: ${CANARY}@example.test`] },
      { ...good, subject: `${CANARY}\nsubject` },
      { ...good, message: 1, html: [CANARY], [`${CANARY}@example.test`]: CANARY },
      { ...good, metadata: { [`${CANARY}@example.test`]: 1 } },
      { ...good, mailbox: `${CANARY}@elsewhere.example.test` },
      { ...good, dedupeKey: `${CANARY} `.repeat(100) },
      { ...good, from: `${CANARY} is no address` },
      { ...good, threadId: CANARY },
      { ...good, inReplyTo: `${CANARY}@example.test` },
      { ...good, references: [`<${CANARY}@example.test>`, `<${CANARY}\r\n@example.test>`] },
      ...[
        { filename: `${CANARY}/passwd` },
        { filename: `${CANARY}\r\n.txt` },
        { contentType: CANARY },
        { contentType: `multipart/${CANARY}` },
        { content: `${CANARY}!` },
        { content: CANARY.repeat(600_000) },
        { content: CANARY.slice(0, 4).repeat(1_600_000), filename: `=?utf-8?q?${CANARY}?=` },
        { [`${CANARY}@example.test`]: CANARY },
        { filename: 1, contentType: [CANARY] },
      ].map((changes) => ({ ...good, attachments: [{ ...fileOf(CANARY), ...changes }] })),
      { ...good, attachments: Array(21).fill(fileOf(CANARY)) },
      { ...good, attachments: CANARY },
    ];
    for (const body of bodies) {
      const { status } = await post("/v1/drafts", body);
      assert.ok(status >= 400 && status < 500, `${status} for ${JSON.stringify(body)}`);
    }
    for (const path of [
      `/v1/drafts/${CANARY}`,
      `/v1/drafts?state=${CANARY}`,
      `/v1/drafts?cursor=${CANARY}`,
      `/${CANARY}`,
    ]) {
      assert.ok((await call(path)).status >= 400, path);
    }
    assert.equal(
      (await post("/v1/replays", { filter: { mailbox: `${CANARY} no address`, code: CANARY } })).status,
      422,
    );
  });

  it("refused by Gmail for good: a recipient, a sender, a thread, an unknown user", async () => {
    fails("drafts.create", "recipient", "invalidHeader");
    assert.equal((await until(await submit("recipient"), "failed")).problem?.code, "RECIPIENT_REJECTED");
    fails("drafts.create", "large-recipient", "invalidHeader");
    const large = await submit("large-recipient", largeRequestFor("large-recipient"));
    assert.equal((await until(large, "failed")).problem?.code, "RECIPIENT_REJECTED");
    fails("drafts.create", "sender", "invalidSender");
    assert.equal((await until(await submit("sender"), "failed")).problem?.code, "SENDER_REJECTED");
    const lost = await submit("thread", { ...requestFor("thread"), threadId: "19a8f0c2d4e6b801" });
    assert.equal((await until(lost, "failed")).problem?.code, "THREAD_NOT_FOUND");
    fails("token", "unknown", "unknownUser");
    assert.equal((await until(await submit("unknown"), "failed")).problem?.code, "MAILBOX_UNKNOWN");
    fails("token", "waiting", "unknownUser");
    assert.equal((await post("/", requestFor("waiting"))).status, 422, "a caller who waits gets the same");
  });

  it("an incident: opened, found open by another request, probed, closed, its requests taken up", async () => {
    fails("token", "delegation", "unauthorizedClient", 2);
    const first = await submit("delegation");
    assert.equal((await until(first, "parked")).problem?.code, "DELEGATION_MISSING");
    await logged("incident.opened", { code: "DELEGATION_MISSING" });
    const second = await submit("delegation");
    await until(second, "parked");
    await until(second, "created", { sweeping: true });
    await until(first, "created", { sweeping: true });
    await logged("incident.probe-failed");
    await logged("incident.closed");
  });

  it("an incident that a replay closes", async () => {
    fails("drafts.create", "off", "mailServiceNotEnabled");
    const id = await submit("off");
    assert.equal((await until(id, "parked")).problem?.code, "GMAIL_OFF");
    await post("/v1/replays", { filter: { mailbox: mailboxOf("off") } });
    await until(id, "created");
    await logged("replay.finished");
  });

  it("throttled, failed on Google's side, no answer in time, an answer that is lost", async () => {
    fails("drafts.create", "throttled", "quotaExceeded", 2);
    fails("drafts.create", "5xx", "unavailable", 1, true);
    stack.google.faults.next("drafts.create", 1, { kind: "stall", ms: 600, after: true }, mailboxOf("late"));
    stack.google.faults.next("drafts.create", 1, { kind: "drop", after: true }, mailboxOf("lost"));
    fails("drafts.create", "large-5xx", "unavailable", 1, true);
    const ids = await Promise.all(["throttled", "5xx", "late", "lost"].map((name) => submit(name)));
    ids.push(await submit("large-5xx", largeRequestFor("large-5xx")));
    for (const id of ids) await until(id, "created");
    await logged("draft.settled", { outcome: "created", found: true });
  });

  it("a draft that the sweep adopts, and a second one that it deletes", async () => {
    stack.google.faults.next("drafts.create", 1, { kind: "stall", ms: 2 * LEASE_MS }, mailboxOf("adopted"));
    fails("drafts.create", "adopted", "invalidHeader");
    stack.google.faults.next("drafts.create", 1, { kind: "stall", ms: 2 * LEASE_MS }, mailboxOf("extra"));
    const [adopted = "", extra = ""] = await Promise.all(["adopted", "extra"].map((name) => submit(name)));
    await until(adopted, "failed");
    await until(adopted, "created", { sweeping: true });
    await logged("draft.adopted", { requestId: adopted });
    await until(extra, "created");
    while (!stack.events.some(({ message }) => message === "draft.extra-deleted")) await stack.sweep();
  });

  it("given up by Pub/Sub, and taken up by a replay", async () => {
    fails("token", "exhausted", "unavailable", 1_000);
    const id = await submit("exhausted");
    assert.equal((await until(id, "dead")).problem?.code, "ATTEMPTS_EXHAUSTED");
    stack.google.faults.clear();
    await post("/v1/replays", { filter: { mailbox: mailboxOf("exhausted") } });
    await until(id, "created");
  });

  it("batches and files, with faults in them and without", async () => {
    const faulty = { ...requestFor("batch"), to: `${CANARY} nobody`, [`${CANARY}@example.test`]: 1 };
    assert.equal((await post("/v1/batches", { items: [requestFor("batch"), faulty] })).status, 422);
    const items = [requestFor("batch"), faulty, { ...requestFor("batch"), mailbox: `${CANARY}@elsewhere.test` }];
    const taken = await post("/v1/batches", { mode: "permissive", name: CANARY, items });
    assert.equal(taken.status, 202);
    const { results } = (await taken.json()) as { results: { id?: string }[] };
    await until(results[0]?.id ?? "", "created");
    const rows = [
      `to,subject,message,note`,
      `${CANARY}@example.test,${CANARY} S,${CANARY} M,${CANARY}`,
      `${CANARY},S,M,`,
      `${CANARY}`,
    ];
    const order = { defaults: { mailbox: mailboxOf("file") }, template: { subject: "{{ subject }} {{ note }}" } };
    const send = async (file: string, template: object = order): Promise<Response> =>
      call(`/v1/imports?import=${encodeURIComponent(JSON.stringify(template))}`, {
        method: "POST",
        headers: { "content-type": "text/csv" },
        body: file,
      });
    const imported = await send(rows.join("\n"));
    assert.equal(imported.status, 202);
    // What is wrong with a row is told without the row.
    const { errors } = (await imported.json()) as { errors: unknown };
    checkClean("what an import tells of rows at fault", JSON.stringify(errors));
    assert.equal((await send(`to\n"${CANARY}`)).status, 422);
    assert.equal((await send(rows[0] ?? "", { [`${CANARY}@example.test`]: 1 })).status, 422);
    assert.equal((await send("to\n", { template: { message: "{% include 'x' %}" } })).status, 422);
  });

  it("pushes that are malformed, or that nobody may send", async () => {
    const token = await pushToken();
    const message = { messageId: "m-1", data: Buffer.from(CANARY).toString("base64"), attributes: { to: CANARY } };
    for (const body of [`{"${CANARY}": ${CANARY}`, `{"${CANARY}": 1}`, JSON.stringify({ message: { data: CANARY } })]) {
      assert.equal(await push(body, token), 400, body);
    }
    const envelope = JSON.stringify({ message, subscription: "projects/p/subscriptions/s" });
    assert.equal(await push(envelope, `${CANARY}.${CANARY}.${CANARY}`), 401);
    assert.equal(await push(envelope, token.replace(/[^.]+$/, CANARY)), 401);
    for (const data of [
      JSON.stringify({ ...requestFor("bad-file"), attachments: [{ ...fileOf(CANARY), filename: `${CANARY}\0` }] }),
      CANARY,
      `{"subject":"${CANARY}",}`,
      `["${CANARY}"]`,
      JSON.stringify({ [`${CANARY}@example.test`]: 1 }),
    ]) {
      assert.equal((await stack.settled(await stack.publish(data))).status, "failed", data);
    }
    stack.pubsub?.faults.token("wrong-email", 1, "draft-requests-push");
    await stack.settled(await stack.publish(JSON.stringify(requestFor("pushed"))));
    assert.equal(await push(envelope, token), 403);
    await logged("push.refused", { code: "PUSH_UNVERIFIED" });
    await logged("push.refused", { code: "PUSH_SUBSCRIPTION_UNKNOWN" });
    await logged("push.refused", { code: "PUSH_MALFORMED" });
  });

  it("a caller without an identity, where one is asked for", async () => {
    const callersFile = join(folder, "callers.json");
    const known = { caller: "crm@example.test", role: "submit", mailboxes: ["@example.com"] };
    await writeFile(callersFile, JSON.stringify({ callers: [known] }));
    const api = await startServiceProcess("api", {
      environment: {
        HOST: "127.0.0.1",
        PORT: "0",
        AUTH_MODE: "iam",
        K_SERVICE: "api",
        AUTH_AUDIENCE: "https://api.test",
        CALLERS_FILE: callersFile,
        MAILBOXES: "@example.com",
        LEDGER_URL: `sqlite:${join(folder, "other.db")}`,
        PUBSUB_EMULATOR_HOST: new URL(stack.pubsubUrl).host,
        GOOGLE_CLOUD_PROJECT: stack.project,
      },
      onEvent: (event) => others.push(event),
    });
    const claims = Buffer.from(JSON.stringify({ email: `${CANARY}@example.test` })).toString("base64url");
    for (const authorization of [`Bearer ${CANARY}`, `Basic ${CANARY}`, `Bearer x.${claims}.${CANARY}`]) {
      const init = { method: "POST", headers: { authorization, "content-type": "application/json" }, body: "{}" };
      assert.equal((await call("/v1/drafts", init, api.url)).status, 401);
    }
    await api.stop();
  });

  it("a ledger that does not answer", async () => {
    const lock = new DatabaseSync(join(folder, "ledger.db"));
    lock.exec("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE");
    assert.equal((await post("/v1/drafts", requestFor("locked"))).status, 503);
    const messageId = await stack.publish(JSON.stringify(requestFor("locked-topic")));
    await logged("draft.settled", { code: "LEDGER_UNAVAILABLE" });
    lock.exec("ROLLBACK");
    lock.close();
    await stack.settled(messageId);
  });

  it("topics that are gone: neither a request nor a dead letter can be published", async () => {
    letters = await stack.pullDeadLetters(8);
    const remove = async (topic: string): Promise<void> => {
      const url = `${stack.pubsubUrl}/v1/projects/${stack.project}/topics/${topic}`;
      assert.equal((await fetch(url, { method: "DELETE", signal: AbortSignal.timeout(CALL_MS) })).status, 200);
    };
    await remove("draft-requests-dead-letter");
    fails("drafts.create", "unburied", "invalidHeader", 1_000);
    await submit("unburied");
    await logged("draft.settled", { outcome: "retry", code: "PUBLISH_UNCONFIRMED" });
    await remove("draft-requests");
    assert.equal((await post("/v1/drafts", requestFor("unpublished"))).status, 503);
  });

  it("an environment that cannot be used", async () => {
    for (const service of ["api", "worker"] as const) {
      const environment = {
        GOOGLE_CLOUD_PROJECT: ` ${CANARY}`,
        GMAIL_USER: `${CANARY} is no address`,
        GMAIL_ENDPOINT: `https://user:${CANARY}@gmail.example.test`,
        FIRESTORE_ENDPOINT: `https//user:${CANARY}@firestore.example.test`,
        AUTH_MODE: "none",
        GOOGLE_APPLICATION_CREDENTIALS: join(folder, CANARY),
      };
      await assert.rejects(startServiceProcess(service, { environment, onEvent: (event) => others.push(event) }));
      assert.ok(others.some(({ message }) => message === `${service}.refused-to-start`));
    }
  });

  const tokens = (): readonly string[] => [...tap.heard(/ya29\.[\w.-]+/g), ...tap.heard(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g)];
  const withoutMailbox = (remedy: string): string => remedy.replace(new RegExp(`${CANARY}-\\w+@example\\.com`), "");

  it("the log of api and worker, whatever the level's event", () => {
    assert.ok(stack.events.length > 100, `${stack.events.length} events`);
    for (const event of [...stack.events, ...others]) checkClean(event.message, JSON.stringify(event));
  });

  it("problems, over HTTP and on record, but for the remedy that names whom to look up", () => {
    assert.ok(NAMES_THE_MAILBOX.length > 0 && problems.length >= 20 && details.length > 5);
    for (const text of [...problems.map(({ body }) => body), ...details]) {
      const { remedy, code, instance: _, ...rest } = JSON.parse(text) as Record<string, unknown>;
      const told = JSON.stringify(rest, (key, value: unknown) => (key === "pointer" ? undefined : value));
      checkClean(`a problem ${code}`, told);
      const isNamed = NAMES_THE_MAILBOX.includes(String(code));
      checkClean(`the remedy of ${code}`, isNamed ? withoutMailbox(String(remedy)) : String(remedy));
    }
  });

  it("the metrics of api and worker, which count what happened here", async () => {
    for (const { url } of [stack.api, stack.worker]) {
      const figures = await (await call("/metrics", {}, url)).text();
      assert.match(figures, /^draftmill_(?:http_requests|deliveries)_total\{.*\} \d+$/m);
      checkClean("a metric", figures);
    }
  });

  it("the attributes of dead letters, but for the same remedy", () => {
    assert.ok(letters.length >= 8);
    for (const { attributes } of letters) {
      const { draftmillRemedy = "", draftmillCode = "", ...rest } = attributes;
      checkClean(`the dead letter ${draftmillCode}`, JSON.stringify(rest));
      const isNamed = NAMES_THE_MAILBOX.includes(draftmillCode);
      checkClean(`its remedy`, isNamed ? withoutMailbox(draftmillRemedy) : draftmillRemedy);
    }
  });

  it("the events, but for whose mailbox it is and the labels that the request asked to have told", async () => {
    const types = ["draftmill.draft.created", "draftmill.draft.failed", "draftmill.draft.parked"];
    await results.until((received) => {
      const met = new Set(received.map(({ event }) => event.type));
      return received.length >= 25 && types.every((type) => met.has(type));
    });
    for (const { event, attributes } of results.received) {
      const { mailbox, metadata, ...rest } = event.data;
      checkClean(`an event ${event.type}`, JSON.stringify({ ...event, attributes, data: rest }));
      assert.ok(mailbox === "" || /^[^@<>" ]+@example\.com$/.test(String(mailbox)) || rest.status === "failed");
      assert.ok(["{}", JSON.stringify({ label: `${CANARY} label` })].includes(JSON.stringify(metadata)));
    }
  });

  it("no token, assertion or credential in any of it, nor in any file", async () => {
    const secrets = tokens();
    assert.ok(secrets.filter((text) => text.startsWith("ya29.")).length >= 10, "tokens of users and of the worker");
    assert.ok(secrets.filter((text) => text.startsWith("eyJ")).length >= 10, "signed assertions");
    const told = [
      JSON.stringify([...stack.events, ...others]),
      JSON.stringify([...problems, ...details]),
      JSON.stringify(letters),
      JSON.stringify(results.received),
    ];
    const names = (await readdir(folder)).filter((name) => !name.startsWith("google.db"));
    const files = await Promise.all(names.map((name) => readFile(join(folder, name), "latin1")));
    assert.ok(names.includes("ledger.db") && names.includes("pubsub.db"));
    for (const text of [...told, ...files]) {
      for (const secret of secrets) assert.ok(!text.includes(secret), `${secret.slice(0, 12)}… is kept or told`);
      assert.doesNotMatch(text, /Bearer eyJ|Bearer ya29/);
    }
  });
});
