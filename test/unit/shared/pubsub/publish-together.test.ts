import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { describe, it, type TestContext } from "node:test";
import { openTopicPublisher } from "@draftmill/shared/pubsub/topic-publisher.ts";

/** A PublishResponse with the messageId "7". */
const ANSWER = Buffer.from([0, 0, 0, 0, 3, 0x0a, 1, 0x37]);
/** As group-publisher.ts has it. */
const AT_ONCE = 64;

/** A Pub/Sub that answers when it is told to, and a publisher of it. */
async function startHolding(t: TestContext, timeoutMs: number) {
  const held: ServerHttp2Stream[] = [];
  const timeoutsMs: number[] = [];
  const sessions: ServerHttp2Session[] = [];
  const server = createServer().listen(0, "127.0.0.1");
  server.on("session", (session) => sessions.push(session));
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {}).resume();
    timeoutsMs.push(Number.parseInt(String(headers["grpc-timeout"]), 10));
    held.push(stream);
    server.emit("held");
  });
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const publisher = await openTopicPublisher({
    topic: "requests",
    projectId: "demo",
    emulatorHost: `127.0.0.1:${address.port}`,
    ordered: true,
    timeoutMs,
  });
  t.after(async () => {
    for (const session of sessions) session.destroy();
    await publisher.close();
    server.close();
  });
  const answer = (stream: ServerHttp2Stream | undefined): void => {
    stream?.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream?.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream?.end(ANSWER);
  };
  return {
    publisher,
    held,
    /** Of each call that has begun. */
    timeoutsMs,
    begun: () => timeoutsMs.length,
    answer,
    refuse: (stream: ServerHttp2Stream | undefined): void =>
      stream?.respond({ ":status": 200, "grpc-status": "3", "grpc-message": "no" }, { endStream: true }),
    async until(calls: number): Promise<void> {
      while (timeoutsMs.length < calls) await once(server, "held");
    },
  };
}

const messagesOf = (keys: number) =>
  Array.from({ length: keys }, (_, n) => ({ data: `é ${n}`, attributes: {}, orderingKey: `k${n}` }));

describe("messages of many ordering keys that are published together", { timeout: 30_000 }, () => {
  it("go 64 keys at a time, the next as soon as one is answered", async (t) => {
    const { publisher, held, begun, answer, until } = await startHolding(t, 20_000);
    const publishing = publisher.publishAll(messagesOf(3 * AT_ONCE));
    await until(AT_ONCE);
    answer(held.shift());
    await until(AT_ONCE + 1);
    assert.equal(held.length, AT_ONCE);
    while (begun() < 3 * AT_ONCE || held.length > 0) {
      const stream = held.shift();
      if (stream === undefined) await until(begun() + 1);
      else answer(stream);
    }
    await publishing;
    assert.equal(begun(), 3 * AT_ONCE);
  });

  it("begin no further publish once one has failed, and fail when the last is over", async (t) => {
    const { publisher, held, begun, answer, refuse, until } = await startHolding(t, 20_000);
    let isOver = false;
    const publishing = publisher.publishAll(messagesOf(2 * AT_ONCE)).finally(() => {
      isOver = true;
    });
    await until(AT_ONCE);
    const [first, ...others] = held;
    refuse(first);
    const last = others.pop();
    for (const stream of others) answer(stream);
    // Whoever publishes alone is answered beside it.
    const alone = publisher.publish({ data: "alone", attributes: {} });
    await until(AT_ONCE + 1);
    answer(held.at(-1));
    assert.equal(await alone, "7");
    assert.equal(isOver, false);
    answer(last);
    await assert.rejects(publishing, /INVALID_ARGUMENT/);
    assert.equal(begun(), AT_ONCE + 1);
  });

  it("have the time of one publish for all of them", async (t) => {
    const { publisher, held, timeoutsMs, answer, until } = await startHolding(t, 1_000);
    const publishing = publisher.publishAll(messagesOf(AT_ONCE + 1));
    const rejected = assert.rejects(publishing, /in time|DEADLINE_EXCEEDED/);
    // Half of the time is over when each is tried again.
    await until(2 * AT_ONCE);
    answer(held[AT_ONCE]);
    await until(2 * AT_ONCE + 1);
    assert.ok((timeoutsMs[2 * AT_ONCE] ?? Number.NaN) < 500, `${timeoutsMs[2 * AT_ONCE]} ms`);
    await rejected;
  });
});
