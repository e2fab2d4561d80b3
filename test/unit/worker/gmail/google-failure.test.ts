import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { type TestContext, test } from "node:test";
import { openPooledFetch } from "@draftmill/shared/http/pooled-fetch.ts";
import { readGoogleFailure } from "@draftmill/worker/google/google-failure.ts";
import { openGoogleTransport } from "@draftmill/worker/google/google-transport.ts";
import { gaxios } from "google-auth-library";

/** The worker's own connections, Node's fetch, which GOOGLE_TRANSPORT may name, and node-fetch, gaxios's default: their errors differ. */
const TRANSPORTS = {
  "the pool": openGoogleTransport(0, openPooledFetch({ timeoutMs: 500 })),
  "Node's fetch": openGoogleTransport(500),
  "node-fetch": new gaxios.Gaxios({ timeout: 500, retry: false }),
} as const;

async function listen(t: TestContext, server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  return `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

async function closedPort(t: TestContext): Promise<string> {
  const server = createServer();
  const host = await listen(t, server);
  server.close();
  await once(server, "close");
  return host;
}

const BREAKS = {
  "a refused connection": { applied: "no", at: async (t: TestContext) => `http://${await closedPort(t)}/` },
  "a refused connection by name": {
    applied: "no",
    at: async (t: TestContext) => `http://localhost:${(await closedPort(t)).split(":")[1]}/`,
  },
  "a name that does not resolve": { applied: "no", at: async () => "http://nowhere.invalid/" },
  "a connection that is cut before the answer": {
    applied: "unknown",
    at: async (t: TestContext) => {
      const server = createServer((socket) => socket.once("data", () => socket.destroy()));
      return `http://${await listen(t, server)}/`;
    },
  },
  "a connection that is reset before the answer": {
    applied: "unknown",
    at: async (t: TestContext) => {
      const server = createServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
      return `http://${await listen(t, server)}/`;
    },
  },
  "a peer that never answers": {
    applied: "unknown",
    at: async (t: TestContext) => {
      const server = createServer((socket) => t.after(() => socket.destroy()));
      return `http://${await listen(t, server)}/`;
    },
  },
  "a peer that speaks no HTTP": {
    applied: "unknown",
    at: async (t: TestContext) => {
      const server = createServer((socket) => socket.end("SSH-2.0-OpenSSH_9.9\r\n"));
      return `http://${await listen(t, server)}/`;
    },
  },
} as const;

for (const [name, transport] of Object.entries(TRANSPORTS)) {
  for (const [what, { applied, at }] of Object.entries(BREAKS)) {
    test(`${what} is read as applied: ${applied} (${name})`, async (t) => {
      const url = await at(t);
      const failure = await transport
        .request({ url, method: "POST", data: { a: 1 } })
        .then(() => assert.fail("it was no failure"), readGoogleFailure);
      assert.equal(failure.status, null);
      assert.equal(failure.applied, applied);
      assert.match(failure.reason, /^[A-Za-z_ ]+$/);
    });
  }
}

test("reads anything that can be thrown", () => {
  const circular: { cause?: unknown } = {};
  circular.cause = circular;
  for (const thrown of [undefined, null, 0, "text", {}, new Error("x"), circular, { response: { status: "500" } }]) {
    assert.equal(readGoogleFailure(thrown).applied, "unknown");
  }
  for (const data of [null, [], "", "<html>", { error: null }, { error: { errors: 1, details: [null] } }]) {
    assert.equal(readGoogleFailure({ response: { status: 403, data } }).reason, "HTTP 403");
  }
});

test("a certificate that is not trusted ends the handshake before the request", () => {
  for (const code of ["DEPTH_ZERO_SELF_SIGNED_CERT", "CERT_HAS_EXPIRED", "ERR_TLS_CERT_ALTNAME_INVALID"]) {
    const failure = readGoogleFailure({ cause: { cause: { code } } });
    assert.deepEqual([failure.applied, failure.reason], ["no", code]);
  }
});

test("logs only identifiers of what Google says", () => {
  const errors = [{ reason: "rateLimitExceeded" }, { reason: "ada@example.com is not allowed" }];
  const response = { status: 403, data: { error: { code: 403, status: "PERMISSION_DENIED", message: "m", errors } } };
  assert.equal(readGoogleFailure({ response }).reason, "HTTP 403 rateLimitExceeded PERMISSION_DENIED");
});
