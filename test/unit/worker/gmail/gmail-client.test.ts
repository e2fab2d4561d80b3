import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { inspect } from "node:util";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { GoogleEndpoints } from "@draftmill/worker/gmail/open-gmail.ts";
import {
  CREATED,
  IDS,
  openScriptedGmail,
  type Reply,
  type ScriptedGoogle,
  startScriptedGoogle,
} from "./scripted-google.ts";

const MAILBOX = "rep@corp.example";
const MIME = Buffer.from("Subject: s\r\n\r\nthe text");
const DRAFT = { mime: MIME, threadId: null };
const signal = AbortSignal.timeout(60_000);

const envelope = (status: number, reason: string, message = reason): Reply => ({
  status,
  body: { error: { code: status, message, errors: [{ domain: "global", reason, message }] } },
});

const UNAUTHENTICATED = envelope(401, "authError");

async function failureOf(work: Promise<unknown>): Promise<DraftError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof DraftError, inspect(error));
    return error;
  }
  throw new assert.AssertionError({ message: "it did not fail" });
}

test("makes a draft of the very bytes, as the mailbox's own user", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail, calls } = openScriptedGmail(google);
  assert.deepEqual(await gmail.createDraft(MAILBOX, DRAFT, signal), IDS);
  const [request] = google.seen("create");
  assert.equal(request?.headers.authorization, "Bearer user-token-1");
  const { raw } = JSON.parse(request?.body ?? "").message;
  assert.deepEqual(Buffer.from(raw, "base64url"), MIME);
  assert.deepEqual(
    calls.map(({ operation, status, mailbox, reason }) => [operation, status, mailbox, reason]),
    [
      ["metadata.token", 200, null, null],
      ["signJwt", 200, MAILBOX, null],
      ["token", 200, MAILBOX, null],
      ["drafts.create", 200, MAILBOX, null],
    ],
  );
});

test("sends a large message as an upload, to the same host", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  const large = Buffer.concat([MIME, Buffer.alloc(5_000_000, "0123456789\r\n")]);
  assert.deepEqual(await gmail.createDraft(MAILBOX, { mime: large, threadId: null }, signal), IDS);
  assert.equal(google.seen("create").length, 0);
  const [request] = google.seen("upload");
  assert.match(request?.url ?? "", /uploadType=multipart/);
  assert.match(request?.headers["content-type"] ?? "", /^multipart\/related; boundary=/);
  assert.match(request?.body.slice(0, 300) ?? "", /content-type: message\/rfc822\r\n\r\nSubject: s\r\n/);
  assert.ok(request?.body.includes(large.toString()), "the message is not in the upload");
});

const LARGE = { mime: Buffer.concat([MIME, Buffer.alloc(3_000_000, "0123456789\r\n")]), threadId: null };

test("names the thread beside a message in JSON and beside an upload, and no thread where there is none", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  for (const threadId of [null, "19a8f0c2d4e6b801"]) {
    await gmail.createDraft(MAILBOX, { ...DRAFT, threadId }, signal);
    await gmail.createDraft(MAILBOX, { ...LARGE, threadId }, signal);
  }
  const inJson = google.seen("create").map(({ body }) => JSON.parse(body).message);
  assert.deepEqual(
    inJson.map((message) => message.threadId),
    [undefined, "19a8f0c2d4e6b801"],
  );
  // Its first part: https://developers.google.com/workspace/gmail/api/guides/uploads#multipart
  const beside = google.seen("upload").map(({ body }) => JSON.parse(/\r\n\r\n(\{.*\})\r\n--/.exec(body)?.[1] ?? ""));
  assert.deepEqual(beside, [{ message: {} }, { message: { threadId: "19a8f0c2d4e6b801" } }]);
});

test("goes by upload from 3 MB on, which base64 makes 4, and by JSON below", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  await gmail.createDraft(MAILBOX, { mime: Buffer.alloc(2_999_999, "x"), threadId: null }, signal);
  assert.deepEqual([google.seen("create").length, google.seen("upload").length], [1, 0]);
  await gmail.createDraft(MAILBOX, { mime: Buffer.alloc(3_000_000, "x"), threadId: null }, signal);
  assert.deepEqual([google.seen("create").length, google.seen("upload").length], [1, 1]);
});

const UNANSWERED: ReadonlyArray<readonly [what: string, reply: Reply]> = [
  ["500", envelope(500, "backendError")],
  ["503", { status: 503, body: "<html>busy</html>" }],
  ["a reset connection", { instead: (response) => response.socket?.destroy() }],
  ["an answer cut short", { instead: (response) => response.writeHead(200, { "content-length": "99" }).write("{") }],
  ["an answer that is no JSON", { body: "<html>OK</html>" }],
  ["an answer without ids", { body: { id: "r-1" } }],
];

for (const [what, reply] of UNANSWERED) {
  test(`sends a create once and says it may have worked: ${what}`, async (t) => {
    const google = await startScriptedGoogle(t);
    const { gmail } = openScriptedGmail(google, { timeoutMs: 500 });
    google.on("create", () => reply);
    const error = await failureOf(gmail.createDraft(MAILBOX, DRAFT, signal));
    assert.equal(error.code, "GMAIL_UNAVAILABLE");
    assert.equal(error.applied, "unknown");
    assert.equal(google.seen("create").length, 1);
  });
}

for (const [what, reply] of UNANSWERED) {
  test(`uploads once and says it may have worked: ${what}`, async (t) => {
    const google = await startScriptedGoogle(t);
    const { gmail } = openScriptedGmail(google, { timeoutMs: 500 });
    google.on("upload", () => reply);
    const error = await failureOf(gmail.createDraft(MAILBOX, LARGE, signal));
    assert.deepEqual([error.code, error.applied], ["GMAIL_UNAVAILABLE", "unknown"]);
    assert.deepEqual([google.seen("upload").length, google.seen("create").length], [1, 0]);
  });
}

test("an upload whose connection breaks in its midst may have worked, and is not repeated", async (t) => {
  const uploads = await startCutting(t, 1_000_000);
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google, { endpoints: endpointsOf(google, uploads.origin) });
  const error = await failureOf(gmail.createDraft(MAILBOX, LARGE, signal));
  assert.deepEqual([error.code, error.applied], ["GMAIL_UNAVAILABLE", "unknown"]);
  assert.equal(uploads.connections(), 1);
});

test("an upload that is refused made no draft, and a 401 is answered with all of its bytes once more", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  google.on("upload", () => envelope(429, "rateLimitExceeded"));
  const refused = await failureOf(gmail.createDraft(MAILBOX, LARGE, signal));
  assert.deepEqual([refused.class, refused.applied], ["throttled", "no"]);
  google.on("upload", (_, count) => (count === 2 ? UNAUTHENTICATED : { body: CREATED }));
  assert.deepEqual(await gmail.createDraft(MAILBOX, LARGE, signal), IDS);
  const [, first, second] = google.seen("upload");
  assert.equal(google.seen("upload").length, 3);
  for (const upload of [first, second]) assert.ok(upload?.body.includes(LARGE.mime.toString("latin1")));
});

test("what beforeLeaving throws keeps an upload back, and a closed port certainly took none", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  const kept = await failureOf(
    gmail.createDraft(MAILBOX, LARGE, signal, () => {
      throw new DraftError("LEASE_SPENT");
    }),
  );
  assert.deepEqual([kept.code, kept.applied, google.seen("upload").length], ["LEASE_SPENT", "no", 0]);
  const { gmail: away } = openScriptedGmail(google, { endpoints: endpointsOf(google, await closedOrigin()) });
  const unreachable = await failureOf(away.createDraft(MAILBOX, LARGE, signal));
  assert.deepEqual([unreachable.code, unreachable.applied], ["GMAIL_UNREACHABLE", "no"]);
});

test("a create that is not answered in time may have worked", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail, calls } = openScriptedGmail(google, { timeoutMs: 200 });
  google.on("create", () => ({ instead: () => {} }));
  const error = await failureOf(gmail.createDraft(MAILBOX, DRAFT, signal));
  assert.equal(error.code, "GMAIL_UNAVAILABLE");
  assert.equal(error.applied, "unknown");
  assert.equal(calls.at(-1)?.reason, "TimeoutError");
});

for (const [status, reason] of [
  [429, "rateLimitExceeded"],
  [403, "userRateLimitExceeded"],
] as const) {
  test(`sends a create once when Gmail asks for less speed with ${status}`, async (t) => {
    const google = await startScriptedGoogle(t);
    const { gmail } = openScriptedGmail(google);
    google.on("create", () => envelope(status, reason));
    const error = await failureOf(gmail.createDraft(MAILBOX, DRAFT, signal));
    assert.equal(error.class, "throttled");
    assert.equal(error.applied, "no");
    assert.equal(google.seen("create").length, 1);
    assert.equal(google.seen("token").length, 1);
  });
}

test("a refused connection certainly made no draft", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google, {
    endpoints: endpointsOf(google, await closedOrigin()),
  });
  const error = await failureOf(gmail.createDraft(MAILBOX, DRAFT, signal));
  assert.equal(error.code, "GMAIL_UNREACHABLE");
  assert.equal(error.applied, "no");
  assert.match(error.reason, /ECONNREFUSED/);
});

test("a 401 is answered with one new token and one more create", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  google.on("create", (_, count) => (count === 1 ? UNAUTHENTICATED : { body: CREATED }));
  assert.deepEqual(await gmail.createDraft(MAILBOX, DRAFT, signal), IDS);
  assert.deepEqual(
    google.seen("create").map(({ headers }) => headers.authorization),
    ["Bearer user-token-1", "Bearer user-token-2"],
  );
});

test("a second 401 is a failure that made no draft", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  google.on("create", () => UNAUTHENTICATED);
  const error = await failureOf(gmail.createDraft(MAILBOX, DRAFT, signal));
  assert.equal(error.code, "GMAIL_UNAUTHENTICATED");
  assert.equal(error.applied, "no");
  assert.equal(google.seen("create").length, 2);
});

test("many creates refused with 401 at once share one new token", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  google.on("create", ({ headers }) =>
    headers.authorization === "Bearer user-token-1" ? UNAUTHENTICATED : { body: CREATED },
  );
  await Promise.all(Array.from({ length: 10 }, () => gmail.createDraft(MAILBOX, DRAFT, signal)));
  assert.equal(google.seen("token").length, 2);
});

test("what beforeLeaving throws keeps the create back", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  const error = await failureOf(
    gmail.createDraft(MAILBOX, DRAFT, signal, () => {
      // By now the token is there: nothing else is waited for.
      assert.equal(google.seen("token").length, 1);
      throw new DraftError("LEASE_SPENT");
    }),
  );
  assert.equal(error.code, "LEASE_SPENT");
  assert.equal(error.applied, "no");
  assert.equal(google.seen("create").length, 0);
});

test("beforeLeaving is asked again before the create after a 401", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  google.on("create", () => UNAUTHENTICATED);
  let asked = 0;
  const error = await failureOf(
    gmail.createDraft(MAILBOX, DRAFT, signal, () => {
      asked += 1;
      if (asked === 2) throw new DraftError("LEASE_SPENT");
    }),
  );
  assert.equal(error.code, "LEASE_SPENT");
  assert.equal(google.seen("create").length, 1);
});

test("an attempt whose time is over while it waits for a token sends nothing", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  const attempt = new AbortController();
  google.on("token", () => {
    attempt.abort();
    return { instead: () => {} };
  });
  const error = await failureOf(gmail.createDraft(MAILBOX, DRAFT, attempt.signal));
  assert.equal(error.code, "LEASE_SPENT");
  assert.equal(error.applied, "no");
  assert.equal(google.seen("create").length, 0);
});

test("an attempt that is over before it begins sends nothing", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  await gmail.prepare(MAILBOX, signal);
  const error = await failureOf(gmail.createDraft(MAILBOX, DRAFT, AbortSignal.abort()));
  assert.equal(error.code, "LEASE_SPENT");
  assert.equal(google.seen("create").length, 0);
});

test("no failure carries the mail, the token or the assertion", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail, calls } = openScriptedGmail(google, { timeoutMs: 500 });
  const mime = Buffer.from("Subject: canary-subject\r\n\r\ncanary-body");
  const echo: Reply = envelope(400, "invalidArgument", "canary-body Invalid to header ada@canary.example");
  const replies = [echo, ...UNANSWERED.map(([, reply]) => reply)];
  for (const reply of replies) {
    google.on("create", () => reply);
    const error = await failureOf(gmail.createDraft(MAILBOX, { mime, threadId: null }, signal));
    const everything = `${inspect(error, { depth: 20, showHidden: true })}${JSON.stringify(error)}${JSON.stringify(calls)}`;
    for (const secret of ["canary", mime.toString("base64url"), "user-token", "worker-token", "signed.assertion"]) {
      assert.ok(!everything.includes(secret), `the failure shows ${secret}`);
    }
  }
});

test("the remedy of a missing scope names what to paste where", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  google.on("create", () => envelope(403, "insufficientPermissions"));
  const { code, remedy } = await failureOf(gmail.createDraft(MAILBOX, DRAFT, signal));
  assert.equal(code, "SCOPE_NOT_GRANTED");
  assert.match(remedy, /OAuth scopes: https:\/\/www\.googleapis\.com\/auth\/gmail\.compose;/);
});

/** Gmail at an origin of its own. */
function endpointsOf(google: ScriptedGoogle, gmailOrigin: string): GoogleEndpoints {
  return {
    IAM_CREDENTIALS_ENDPOINT: google.url,
    SERVICE_ACCOUNTS_ENDPOINT: google.url,
    OAUTH_TOKEN_ENDPOINT: `${google.url}/token`,
    GMAIL_ENDPOINT: gmailOrigin,
  };
}

/** A server that breaks each connection once it has read so much of it. */
async function startCutting(t: TestContext, afterBytes: number) {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    let bytes = 0;
    socket.on("data", (chunk) => {
      bytes += chunk.length;
      if (bytes >= afterBytes) socket.resetAndDestroy();
    });
    socket.on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  return { origin, connections: () => connections };
}

/** An origin on which nothing listens: a port that was free a moment ago. */
async function closedOrigin(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}
