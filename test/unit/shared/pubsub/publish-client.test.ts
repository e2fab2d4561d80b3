import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { describe, it, type TestContext } from "node:test";
import { GrpcFailed } from "@draftmill/shared/pubsub/grpc-status.ts";
import { PublishClient } from "@draftmill/shared/pubsub/publish-client.ts";

const MESSAGE = { data: Buffer.from("{}"), attributes: { id: "a" }, orderingKey: "rep@corp.example#3" };
/** A PublishResponse with the messageId "7". */
const ANSWER = Buffer.from([0, 0, 0, 0, 3, 0x0a, 1, 0x37]);

interface Call {
  readonly headers: IncomingHttpHeaders;
  readonly stream: ServerHttp2Stream;
  /** Which connection it came over, from 1. */
  readonly connection: number;
}

/** A server that answers the n-th call as the n-th of `answers` says, and each later one as the last. */
async function startServer(t: TestContext, answers: readonly ((call: Call) => void)[]) {
  const calls: Call[] = [];
  const sessions: ServerHttp2Session[] = [];
  const server = createServer().listen(0, "127.0.0.1");
  server.on("session", (session) => sessions.push(session));
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {}).resume();
    const call = { headers, stream, connection: sessions.length };
    calls.push(call);
    answers[Math.min(calls.length, answers.length) - 1]?.(call);
  });
  await once(server, "listening");
  t.after(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return { origin: `http://127.0.0.1:${address.port}`, calls, sessions };
}

function acknowledge({ stream }: Call): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(ANSWER);
}

const refuse =
  (code: number, message: string) =>
  ({ stream }: Call): void =>
    stream.respond({ ":status": 200, "grpc-status": String(code), "grpc-message": message }, { endStream: true });

function openClient(t: TestContext, origin: string, timeoutMs = 5_000) {
  let token = 1;
  const client = new PublishClient({
    origin,
    topic: "requests",
    timeoutMs,
    openAccess: async () => ({
      project: async () => "demo",
      headers: async () => new Headers({ authorization: `Bearer ${token}` }),
      forget: () => {
        token += 1;
      },
    }),
  });
  t.after(() => client.close());
  return client;
}

describe("the calls of Pub/Sub's publish", { timeout: 30_000 }, () => {
  it("carry the credentials, the topic and the deadline, all over one connection", async (t) => {
    const { origin, calls } = await startServer(t, [acknowledge]);
    const client = openClient(t, origin);
    assert.deepEqual(await client.publish([MESSAGE]), ["7"]);
    assert.deepEqual(await client.publish([MESSAGE]), ["7"]);
    assert.deepEqual(
      calls.map(({ connection }) => connection),
      [1, 1],
    );
    const { headers } = calls[0] ?? assert.fail();
    assert.equal(headers[":path"], "/google.pubsub.v1.Publisher/Publish");
    assert.equal(headers.authorization, "Bearer 1");
    assert.equal(headers["x-goog-request-params"], "topic=projects%2Fdemo%2Ftopics%2Frequests");
    assert.match(String(headers["grpc-timeout"]), /^2500m$/);
  });

  it("end with the first status that a repetition does not help, in Pub/Sub's words", async (t) => {
    const { origin, calls } = await startServer(t, [refuse(7, "no%20right%20to%20%C3%A9")]);
    const publishing = openClient(t, origin).publish([MESSAGE]);
    await assert.rejects(
      publishing,
      (error) => error instanceof GrpcFailed && error.code === 7 && error.details === "no right to é",
    );
    assert.equal(calls.length, 1);
  });

  it("ask for new credentials after a token was refused", async (t) => {
    const { origin, calls } = await startServer(t, [refuse(16, "expired"), acknowledge]);
    const client = openClient(t, origin);
    await assert.rejects(client.publish([MESSAGE]), /UNAUTHENTICATED/);
    await client.publish([MESSAGE]);
    assert.deepEqual(
      calls.map(({ headers }) => headers.authorization),
      ["Bearer 1", "Bearer 2"],
    );
  });

  it("are repeated after what passes: a front end's 503, a stream that is reset, UNAVAILABLE", async (t) => {
    const { origin, calls } = await startServer(t, [
      ({ stream }) => stream.respond({ ":status": 503 }, { endStream: true }),
      ({ stream }) => stream.close(7),
      refuse(14, "later"),
      acknowledge,
    ]);
    assert.deepEqual(await openClient(t, origin).publish([MESSAGE]), ["7"]);
    assert.equal(calls.length, 4);
  });

  it("go over a new connection once the server has said that it takes no more", async (t) => {
    const { origin, calls, sessions } = await startServer(t, [acknowledge]);
    const client = openClient(t, origin);
    await client.publish([MESSAGE]);
    const [session = assert.fail()] = sessions;
    session.close();
    await once(session, "close");
    await client.publish([MESSAGE]);
    assert.deepEqual(
      calls.map(({ connection }) => connection),
      [1, 2],
    );
  });

  it("go over a new connection once one has left a call without an answer", async (t) => {
    const { origin, calls } = await startServer(t, [() => {}, acknowledge]);
    assert.deepEqual(await openClient(t, origin, 1_000).publish([MESSAGE]), ["7"]);
    assert.deepEqual(
      calls.map(({ connection }) => connection),
      [1, 2],
    );
  });

  it("are not made without credentials, which are asked for again while there is time", async (t) => {
    const { origin, calls } = await startServer(t, [acknowledge]);
    let asked = 0;
    const client = new PublishClient({
      origin,
      topic: "projects/demo/topics/requests",
      timeoutMs: 500,
      openAccess: async () => ({
        project: () => assert.fail("the topic's name has it"),
        headers: async () => {
          asked += 1;
          throw new Error("no metadata server");
        },
        forget: () => {},
      }),
    });
    t.after(() => client.close());
    await assert.rejects(client.publish([MESSAGE]), /UNAVAILABLE: no metadata server/);
    assert.ok(asked > 1, `${asked}`);
    assert.equal(calls.length, 0);
  });
});
