import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { after, before, describe, it } from "node:test";
import {
  MAILBOX,
  pushOf,
  SUBSCRIPTION,
  type Surroundings,
  startSurroundings,
  startWorkerProcess,
  type WorkerUnderTest,
} from "./worker-under-test.ts";

const REQUEST = { to: "secret.recipient@example.com", subject: "A secret subject", message: "A secret text." };

describe("the worker's HTTP interface", { timeout: 90_000 }, () => {
  let surroundings: Surroundings;
  let worker: WorkerUnderTest;
  before(async () => {
    surroundings = await startSurroundings();
    worker = await startWorkerProcess(surroundings);
  });
  after(async () => {
    await worker.stop();
    await surroundings.lifecycle.close();
    assert.deepEqual(surroundings.google.violations, []);
  });
  /** The answer to a push of which only the head is sent. */
  const statusOfHead = async (headers: Readonly<Record<string, string | number>>): Promise<number | undefined> => {
    const request = httpRequest(`${worker.url}/push`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
    });
    request.on("error", () => {});
    request.flushHeaders();
    const [response]: IncomingMessage[] = await once(request, "response");
    request.destroy();
    return response?.statusCode;
  };
  const drafts = () => surroundings.google.drafts(MAILBOX).length;

  it("says that it lives and that it is ready, and knows no other route", async () => {
    const status = async (path: string): Promise<number> => {
      const answer = await fetch(`${worker.url}${path}`);
      await answer.arrayBuffer();
      return answer.status;
    };
    assert.equal(await status("/health/live"), 200);
    assert.equal(await status("/health/ready"), 200);
    for (const path of ["/", "/push", "/push/", "/draft-requests", "/%zz"]) assert.equal(await status(path), 404, path);
  });

  it("tells a program on this machine how often what happened, and nobody else", async () => {
    const figures = async (headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
      fetch(`${worker.url}/metrics`, { headers, signal: AbortSignal.timeout(5_000) });
    const value = (text: string, name: string): number =>
      Number(
        text
          .split("\n")
          .find((line) => line.startsWith(`${name} `))
          ?.slice(name.length) ?? 0,
      );
    const before = await (await figures()).text();
    assert.equal(await worker.push(pushOf(REQUEST)), 204);
    assert.equal(await worker.push(pushOf("no request")), 204);
    assert.equal(await worker.push(pushOf(REQUEST), { authorization: "Bearer abc" }), 401);
    const sweep = { authorization: `Bearer ${await worker.token()}` };
    assert.equal((await fetch(`${worker.url}/sweep`, { method: "POST", headers: sweep })).status, 200);
    const after = await (await figures()).text();
    for (const counter of [
      'draftmill_deliveries_total{outcome="created",code="none"}',
      'draftmill_deliveries_total{outcome="dead-lettered",code="MESSAGE_MALFORMED"}',
      'draftmill_delivery_duration_seconds_count{outcome="created"}',
      'draftmill_google_calls_total{operation="drafts.create",status="200"}',
      'draftmill_pushes_refused_total{code="PUSH_UNVERIFIED"}',
    ]) {
      assert.equal(value(after, counter) - value(before, counter), 1, counter);
    }
    assert.equal((await surroundings.deadLetters()).length, 1);
    assert.equal(value(after, "draftmill_deliveries_in_flight"), 0);
    assert.match(after, /^draftmill_swept_total\{what="looked"\} \d+$/m);
    assert.doesNotMatch(after, /secret|example\.com/);
    const passedOn = await figures({ "x-forwarded-for": "192.0.2.7" });
    assert.equal(passedOn.status, 404);
    assert.equal(await passedOn.text(), "");
  });

  it("refuses a push without a good token, with 401 and not a word", async () => {
    const body = pushOf(REQUEST);
    const before = drafts();
    const bad = {
      none: "",
      "another scheme": "Basic dXNlcjpwYXNz",
      "no token after the scheme": "Bearer ",
      garbage: "Bearer abc",
      "another audience": `Bearer ${await worker.token({ aud: "https://elsewhere.example" })}`,
      "another account": `Bearer ${await worker.token({ email: "eve@example.com" })}`,
      "another account that begins alike": `Bearer ${await worker.token({ email: "push@demo.iam.gserviceaccount.com.evil.example" })}`,
      expired: `Bearer ${await worker.token({ exp: 1_000_000_000 })}`,
      "two tokens": `Bearer ${await worker.token()}, Bearer x`,
    };
    for (const [what, authorization] of Object.entries(bad)) {
      const answer = await fetch(`${worker.url}/push`, {
        method: "POST",
        headers: { "content-type": "application/json", ...(authorization === "" ? {} : { authorization }) },
        body: JSON.stringify(body),
      });
      assert.equal(answer.status, 401, what);
      assert.equal(await answer.text(), "", what);
    }
    assert.equal(drafts(), before);
  });

  it("refuses a push of any subscription but the route's own, with 403 and not a word, and tells the log which", async () => {
    const before = drafts();
    const deadLetters = "projects/demo/subscriptions/draft-requests-dead-letter-push";
    const others = [
      ["/push", deadLetters],
      ["/dead-letters", SUBSCRIPTION],
      ["/push", "projects/elsewhere/subscriptions/draft-requests-push"],
      ["/push", `${SUBSCRIPTION}s`],
      ["/push", "draft-requests-push"],
      ["/push", ""],
    ] as const;
    for (const [path, subscription] of others) {
      const seen = worker.events.length;
      // Its message is not looked at: this one would be refused with 400.
      assert.equal(await worker.push({ subscription, message: "none" }, {}, path), 403, `${path} ${subscription}`);
      const refused = worker.events.slice(seen).find(({ message }) => message === "push.refused");
      assert.equal(refused?.code, "PUSH_SUBSCRIPTION_UNKNOWN");
      const own = path === "/push" ? SUBSCRIPTION : deadLetters;
      assert.equal(refused?.reason, `the push is of ${subscription}, not of ${own}`);
    }
    const attributes = { subscription: SUBSCRIPTION };
    const disguised = { ...pushOf(REQUEST, { attributes }), subscription: "projects/demo/subscriptions/another" };
    assert.equal(await worker.push(disguised), 403);
    assert.equal(drafts(), before);
  });

  it("refuses it before it reads the body", async () => {
    assert.equal(await statusOfHead({ "content-length": 10_000_000 }), 401);
  });

  it("answers 400 to what is not a wrapped message: a subscription that is set up wrongly", async () => {
    for (const [what, body, headers] of [
      ["a bare request", REQUEST, {}],
      ["no JSON", "to: ada", {}],
      ["nothing", "", {}],
      ["JSON that is no object", "[]", {}],
      ["another type", "x=1", { "content-type": "application/x-www-form-urlencoded" }],
    ] as const) {
      assert.equal(await worker.push(body, headers), 400, what);
    }
  });

  it("answers 400 to a body that is longer than any message, by its length alone", async () => {
    // The answer comes before the body: a client that went on writing would now and then find a closed connection.
    assert.equal(
      await statusOfHead({ authorization: `Bearer ${await worker.token()}`, "content-length": 16_000_000 }),
      400,
    );
  });

  it("answers 204 when the draft is made, and again without another draft when it is delivered again", async () => {
    const before = drafts();
    const push = pushOf(REQUEST);
    assert.equal(await worker.push(push), 204);
    assert.equal(drafts(), before + 1);
    const calls = surroundings.google.calls.list().length;
    assert.equal(await worker.push({ ...push, deliveryAttempt: 2 }), 204);
    assert.equal(drafts(), before + 1);
    assert.equal(surroundings.google.calls.list().length, calls, "Google was asked again");
    const outcomes = worker.events.filter(({ messageId }) => messageId === push.message.messageId);
    assert.deepEqual(
      outcomes.map(({ outcome, status, deliveryAttempt, state }) => ({ outcome, status, deliveryAttempt, state })),
      [
        { outcome: "created", status: 204, deliveryAttempt: 1, state: undefined },
        { outcome: "duplicate", status: 204, deliveryAttempt: 2, state: "created" },
      ],
    );
  });

  it("answers 204 to a request that can never succeed, after its dead letter, which it writes once", async () => {
    const push = pushOf({ ...REQUEST, to: "nobody" }, { attributes: { source: "crm" } });
    assert.equal(await worker.push(push), 204);
    assert.equal(await worker.push({ ...push, deliveryAttempt: 2 }), 204);
    const letters = await surroundings.deadLetters();
    assert.equal(letters.length, 1);
    assert.equal(letters[0]?.draftmillCode, "REQUEST_INVALID");
    assert.equal(letters[0]?.source, "crm");
  });

  it("answers 503 when it cannot know whether the draft was made", async () => {
    surroundings.google.faults.next("drafts.create", 1, { kind: "drop" });
    const push = pushOf(REQUEST);
    assert.equal(await worker.push(push), 503);
    const settled = worker.events.find(({ messageId }) => messageId === push.message.messageId);
    assert.equal(settled?.outcome, "retry");
    assert.equal(settled?.applied, "unknown");
  });

  it("makes a draft whatever a producer calls its attributes", async () => {
    const push = JSON.stringify(pushOf(REQUEST, { attributes: { PROTO: "x", constructor: "y", toString: "z" } }));
    const before = drafts();
    assert.equal(await worker.push(push.replace("PROTO", "__proto__")), 204);
    assert.equal(drafts(), before + 1);
    assert.equal(await worker.push(pushOf("[]", { attributes: { constructor: "y", hasOwnProperty: "z" } })), 204);
    const [letter] = await surroundings.deadLetters();
    assert.equal(letter?.draftmillCode, "MESSAGE_MALFORMED");
    assert.equal(letter?.hasOwnProperty, "z");
  });

  it("has logged no recipient, subject, text or token of all these, not even for debugging", async () => {
    const log = JSON.stringify(worker.events.filter(({ message }) => message !== "worker.starting"));
    assert.ok(worker.events.some(({ message }) => message === "google.called"));
    assert.doesNotMatch(log, /secret/i);
    assert.doesNotMatch(log, /eyJ[\w-]{10}/);
  });
});

describe("a worker among changed settings", { timeout: 60_000 }, () => {
  it("leaves a draft alone that was made before its mailbox was taken off the list", async () => {
    const surroundings = await startSurroundings();
    const push = pushOf(REQUEST);
    try {
      const first = await startWorkerProcess(surroundings);
      assert.equal(await first.push(push), 204);
      await first.stop();
      const second = await startWorkerProcess(surroundings, { MAILBOXES: "@corp.example" });
      try {
        assert.equal(await second.push(push), 204);
        assert.deepEqual(await surroundings.deadLetters(), []);
        assert.equal(await second.push(pushOf(REQUEST)), 204);
        const [letter] = await surroundings.deadLetters();
        assert.equal(letter?.draftmillCode, "MAILBOX_NOT_ALLOWED");
      } finally {
        await second.stop();
      }
    } finally {
      await surroundings.lifecycle.close();
    }
  });

  it("answers 503 to a good token while Google's keys cannot be had, for Pub/Sub to push again", async () => {
    const surroundings = await startSurroundings();
    const worker = await startWorkerProcess(surroundings, { GOOGLE_CERTS_ENDPOINT: "http://127.0.0.1:1/certs" });
    try {
      assert.equal(await worker.push(pushOf(REQUEST)), 503);
      assert.equal(await worker.push(pushOf(REQUEST), { authorization: "" }), 401);
      assert.equal(worker.events.find(({ message }) => message === "push.refused")?.code, "CERTS_UNAVAILABLE");
    } finally {
      await worker.stop();
      await surroundings.lifecycle.close();
    }
  });
});
