import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { type EmbeddedPubsub, startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";
import { openTopicPublisher, type TopicPublisherOptions } from "@draftmill/shared/pubsub/topic-publisher.ts";

interface Pulled {
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
}

const call = async (pubsub: EmbeddedPubsub, method: string, path: string, body: unknown): Promise<unknown> => {
  const answer = await fetch(`${pubsub.url}/v1/projects/demo/${path}`, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  assert.ok(answer.ok, `${answer.status}`);
  return answer.json();
};

async function startTopic(t: TestContext): Promise<EmbeddedPubsub> {
  const pubsub = await startPubsub({ statePath: ":memory:", signer: await createIdTokenSigner() });
  t.after(() => pubsub.close());
  await call(pubsub, "PUT", "topics/requests", {});
  await call(pubsub, "PUT", "subscriptions/all", { topic: "projects/demo/topics/requests" });
  return pubsub;
}

async function pullAll(pubsub: EmbeddedPubsub): Promise<Pulled[]> {
  const answer = await call(pubsub, "POST", "subscriptions/all:pull", { maxMessages: 1_000, returnImmediately: true });
  const { receivedMessages = [] } = answer as { receivedMessages?: { message: Partial<Pulled> }[] };
  return receivedMessages.map(({ message: { data = "", attributes = {}, orderingKey = "" } }) => ({
    data: Buffer.from(data, "base64").toString("utf8"),
    attributes,
    orderingKey,
  }));
}

/** A way to the server that can be cut: while it is, connections are dropped and new ones refused. */
async function startWire(t: TestContext, target: string) {
  const [host = "", port = ""] = target.split(":");
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((downstream) => {
    downstream.on("error", () => {});
    if (isCut) return downstream.destroy();
    const upstream = connect(Number(port), host).on("error", () => {});
    for (const socket of [downstream, upstream]) sockets.add(socket);
    downstream.pipe(upstream).pipe(downstream);
    return undefined;
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  t.after(() => {
    cut();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return {
    hostPort: `127.0.0.1:${address.port}`,
    cut,
    mend(): void {
      isCut = false;
    },
  };
}

function open(emulatorHost: string, options: Partial<TopicPublisherOptions> = {}) {
  return openTopicPublisher({
    topic: "requests",
    projectId: "demo",
    emulatorHost,
    ordered: true,
    timeoutMs: 5_000,
    ...options,
  });
}

const message = (text: string, orderingKey: string | null = null) => ({
  data: Buffer.from(text),
  attributes: {},
  orderingKey,
});

describe("a publisher of one topic", { concurrency: true, timeout: 60_000 }, () => {
  it("a publish resolves with the messageId once the message is stored", async (t) => {
    const pubsub = await startTopic(t);
    const publisher = open(pubsub.hostPort);
    t.after(() => publisher.close());
    const ids = await Promise.all(["a", "b", "c"].map((text) => publisher.publish(message(text))));
    assert.equal(new Set(ids).size, 3);
    assert.deepEqual((await pullAll(pubsub)).map(({ data }) => data).toSorted(), ["a", "b", "c"]);
  });

  it("what holds the client library's placeholder keeps its meaning: nothing is replaced", async (t) => {
    const pubsub = await startTopic(t);
    const publisher = open(pubsub.hostPort);
    t.after(() => publisher.close());
    const attributes = { a: "{{projectId}}", b: "{{{projectId}}}", c: "é {x} {", "{{projectId}}": "" };
    for (const mailbox of ["{{projectId}}@corp.example", "{{{projectId}}}@corp.example", "rep@corp.example"]) {
      await publisher.publish({ data: Buffer.from("{{projectId}} é"), attributes, orderingKey: `${mailbox}#0` });
    }
    const pulled = await pullAll(pubsub);
    for (const one of pulled) {
      assert.equal(one.data, "{{projectId}} é");
      assert.deepEqual(
        { ...one.attributes },
        { a: "{ {projectId}}", b: "{ { {projectId}}}", c: "é {x} {", "{{projectId}}": "" },
      );
    }
    assert.deepEqual(pulled.map(({ orderingKey }) => orderingKey).toSorted(), [
      "rep@corp.example#0",
      "{ { {projectId}}}@corp.example#0",
      "{ {projectId}}@corp.example#0",
    ]);
    assert.equal(attributes.a, "{{projectId}}", "the caller's own object is left alone");
  });

  it("a topic that is not there: refused at once, in Pub/Sub's words", async (t) => {
    const pubsub = await startTopic(t);
    const publisher = open(pubsub.hostPort, { topic: "nowhere" });
    t.after(() => publisher.close());
    const startedMs = performance.now();
    await assert.rejects(publisher.publish(message("a", "k")), /NOT_FOUND/);
    assert.ok(performance.now() - startedMs < 2_000);
  });

  for (const ordered of [true, false]) {
    it(`nobody there (${ordered ? "ordered" : "unordered"}): rejects in time, and closes in time`, async (t) => {
      const pubsub = await startTopic(t);
      const wire = await startWire(t, pubsub.hostPort);
      const publisher = open(wire.hostPort, { ordered, timeoutMs: 1_000 });
      await publisher.publish(message("before", ordered ? "k" : null));
      wire.cut();
      const startedMs = performance.now();
      await assert.rejects(publisher.publish(message("lost", ordered ? "k" : null)));
      const tookMs = performance.now() - startedMs;
      assert.ok(tookMs < 1_500, `${Math.round(tookMs)} ms`);
      await publisher.close();
      const closedMs = performance.now() - startedMs - tookMs;
      assert.ok(closedMs < 2_000, `closed after ${Math.round(closedMs)} ms`);
    });
  }

  it("an ordering key goes on after a failure, with the first message that can be sent", {
    timeout: 30_000,
  }, async (t) => {
    const pubsub = await startTopic(t);
    const wire = await startWire(t, pubsub.hostPort);
    const publisher = open(wire.hostPort, { timeoutMs: 1_000 });
    t.after(() => publisher.close());
    await publisher.publish(message("before", "k"));
    wire.cut();
    const lost = await Promise.allSettled(["x", "y", "z"].map((text) => publisher.publish(message(text, "k"))));
    assert.deepEqual(
      lost.map(({ status }) => status),
      ["rejected", "rejected", "rejected"],
    );
    wire.mend();
    // The channel itself waits a moment before it connects again; from then on every publish must get through.
    let refusals = 0;
    for (;;) {
      try {
        await publisher.publish(message("after", "k"));
        break;
      } catch (error) {
        refusals += 1;
        assert.ok(refusals < 10, String(error));
      }
    }
    for (const text of ["1", "2", "3"]) await publisher.publish(message(text, "k"));
    const texts = (await pullAll(pubsub)).map(({ data }) => data);
    assert.deepEqual(texts.slice(texts.indexOf("after")), ["after", "1", "2", "3"]);
  });

  it("closing sends what has been handed over and waits for every acknowledgement", async (t) => {
    const pubsub = await startTopic(t);
    for (const ordered of [true, false]) {
      const publisher = open(pubsub.hostPort, { ordered });
      const publishing = Array.from({ length: 250 }, (_, index) =>
        publisher.publish(message(`${ordered} ${index}`, ordered ? `k${index % 7}` : null)),
      );
      await publisher.close();
      assert.equal(new Set(await Promise.all(publishing)).size, 250);
    }
    assert.equal((await pullAll(pubsub)).length, 500);
  });

  it("a message of ten million bytes passes", async (t) => {
    const pubsub = await startTopic(t);
    const publisher = open(pubsub.hostPort, { timeoutMs: 10_000 });
    t.after(() => publisher.close());
    await publisher.publish({ data: Buffer.alloc(10_000_000, "x"), attributes: {} });
    assert.equal((await pullAll(pubsub))[0]?.data.length, 10_000_000);
  });
});
