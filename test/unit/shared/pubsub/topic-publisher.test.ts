import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { before, describe, it, type TestContext } from "node:test";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { type EmbeddedPubsub, startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";
import {
  openTopicPublisher,
  type PublishedBy,
  type TopicPublisher,
  type TopicPublisherOptions,
} from "@draftmill/shared/pubsub/topic-publisher.ts";

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

type Open = (emulatorHost: string, options?: Partial<TopicPublisherOptions>) => Promise<TopicPublisher>;

function openBy(by: PublishedBy): Open {
  return (emulatorHost, options = {}) =>
    openTopicPublisher({
      topic: "requests",
      projectId: "demo",
      emulatorHost,
      ordered: true,
      timeoutMs: 5_000,
      by,
      ...options,
    });
}

const message = (text: string, orderingKey: string | null = null) => ({
  data: Buffer.from(text),
  attributes: {},
  orderingKey,
});

/** What a caller may rely on, whichever way its messages go. */
function publisherSuite(by: PublishedBy): void {
  const open = openBy(by);
  // Its client is loaded once, before anything is to be done in time.
  before(async () => (await open("127.0.0.1:1")).close());
  it("a publish resolves with the messageId once the message is stored", async (t) => {
    const pubsub = await startTopic(t);
    const publisher = await open(pubsub.hostPort);
    t.after(() => publisher.close());
    const ids = await Promise.all(["a", "b", "c"].map((text) => publisher.publish(message(text))));
    assert.equal(new Set(ids).size, 3);
    assert.deepEqual((await pullAll(pubsub)).map(({ data }) => data).toSorted(), ["a", "b", "c"]);
  });

  it("what holds the client library's placeholder keeps its meaning: nothing is replaced", async (t) => {
    const pubsub = await startTopic(t);
    const publisher = await open(pubsub.hostPort);
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
    const publisher = await open(pubsub.hostPort, { topic: "nowhere" });
    t.after(() => publisher.close());
    const startedMs = performance.now();
    await assert.rejects(publisher.publish(message("a", "k")), /NOT_FOUND/);
    assert.ok(performance.now() - startedMs < 2_000);
  });

  for (const ordered of [true, false]) {
    it(`nobody there (${ordered ? "ordered" : "unordered"}): rejects in time, and closes in time`, async (t) => {
      const pubsub = await startTopic(t);
      const wire = await startWire(t, pubsub.hostPort);
      const publisher = await open(wire.hostPort, { ordered, timeoutMs: 3_000 });
      await publisher.publish(message("before", ordered ? "k" : null));
      wire.cut();
      const startedMs = performance.now();
      await assert.rejects(publisher.publish(message("lost", ordered ? "k" : null)));
      const tookMs = performance.now() - startedMs;
      assert.ok(tookMs < 4_000, `${Math.round(tookMs)} ms`);
      await publisher.close();
      const closedMs = performance.now() - startedMs - tookMs;
      assert.ok(closedMs < 4_000, `closed after ${Math.round(closedMs)} ms`);
    });
  }

  it("an ordering key goes on after a failure, with the first message that can be sent", {
    timeout: 30_000,
  }, async (t) => {
    const pubsub = await startTopic(t);
    const wire = await startWire(t, pubsub.hostPort);
    const publisher = await open(wire.hostPort, { timeoutMs: 3_000 });
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
    // One of which the publisher has not heard in time may have arrived all the same.
    assert.deepEqual(texts.slice(texts.lastIndexOf("after")), ["after", "1", "2", "3"]);
  });

  it("closing sends what has been handed over and waits for every acknowledgement", async (t) => {
    const pubsub = await startTopic(t);
    for (const ordered of [true, false]) {
      const publisher = await open(pubsub.hostPort, { ordered });
      const publishing = Array.from({ length: 250 }, (_, index) =>
        publisher.publish(message(`${ordered} ${index}`, ordered ? `k${index % 7}` : null)),
      );
      await publisher.close();
      assert.equal(new Set(await Promise.all(publishing)).size, 250);
    }
    assert.equal((await pullAll(pubsub)).length, 500);
  });

  it("messages of a key arrive in the order of their publishes, however many are under way", async (t) => {
    const pubsub = await startTopic(t);
    const publisher = await open(pubsub.hostPort);
    t.after(() => publisher.close());
    const sent = Array.from({ length: 300 }, (_, index) => message(String(index), `k${index % 3}`));
    const publishing: Promise<string>[] = [];
    for (const one of sent) {
      publishing.push(publisher.publish(one));
      // Some while another publish of their key is under way, some together.
      if (publishing.length % 50 === 0) await publishing[publishing.length - 10];
    }
    assert.equal(new Set(await Promise.all(publishing)).size, 300);
    const pulled = await pullAll(pubsub);
    for (const key of ["k0", "k1", "k2"]) {
      const texts = pulled.filter(({ orderingKey }) => orderingKey === key).map(({ data }) => Number(data));
      assert.deepEqual(
        texts,
        texts.toSorted((a, b) => a - b),
        key,
      );
      assert.equal(texts.length, 100);
    }
  });

  it("more than Pub/Sub takes in one publish, in messages and in bytes, goes in several", async (t) => {
    const pubsub = await startTopic(t);
    const publisher = await open(pubsub.hostPort, { timeoutMs: 20_000 });
    t.after(() => publisher.close());
    const many = Array.from({ length: 2_100 }, (_, index) => message(`${index}`, "k"));
    const large = Array.from({ length: 5 }, () => ({ data: Buffer.alloc(4_000_000, "x"), attributes: {} }));
    const ids = await Promise.all([...many, ...large].map((one) => publisher.publish(one)));
    assert.equal(new Set(ids).size, 2_105);
  });

  it("what is published together arrives whole, each key in its order, beside what is published alone", async (t) => {
    const pubsub = await startTopic(t);
    const publisher = await open(pubsub.hostPort, { timeoutMs: 20_000 });
    t.after(() => publisher.close());
    const ofCall = (call: string) => Array.from({ length: 400 }, (_, n) => message(`${call} ${n}`, `k${n % 3}`));
    await Promise.all([
      publisher.publishAll(ofCall("a")),
      publisher.publish(message("alone", "k0")),
      publisher.publishAll(ofCall("b")),
      publisher.publishAll([]),
    ]);
    const pulled = await pullAll(pubsub);
    assert.equal(pulled.length, 801);
    for (const key of ["k0", "k1", "k2"]) {
      const texts = pulled.filter(({ orderingKey }) => orderingKey === key).map(({ data }) => data);
      const sent = [...ofCall("a"), ...(key === "k0" ? [message("alone", "k0")] : []), ...ofCall("b")];
      assert.deepEqual(
        texts,
        sent.filter(({ orderingKey }) => orderingKey === key).map(({ data }) => data.toString()),
      );
    }
  });

  it("more than one publish takes goes in several, when it is published together", async (t) => {
    const pubsub = await startTopic(t);
    const publisher = await open(pubsub.hostPort, { timeoutMs: 20_000 });
    t.after(() => publisher.close());
    const large = Array.from({ length: 5 }, () => ({ data: Buffer.alloc(4_000_000, "x"), attributes: {} }));
    await publisher.publishAll([...Array.from({ length: 1_100 }, (_, n) => message(`${n}`, "k")), ...large]);
    let count = 0;
    for (let some = await pullAll(pubsub); some.length > 0; some = await pullAll(pubsub)) count += some.length;
    assert.equal(count, 1_105);
  });

  it("of what is published together one that is refused fails all, once the others have arrived", async (t) => {
    const pubsub = await startTopic(t);
    const publisher = await open(pubsub.hostPort);
    t.after(() => publisher.close());
    const refused = { data: Buffer.from("x"), attributes: { a: "v".repeat(1_025) }, orderingKey: "bad" };
    await assert.rejects(publisher.publishAll([refused, message("good", "good")]), /INVALID_ARGUMENT/);
    assert.deepEqual(
      (await pullAll(pubsub)).map(({ data }) => data),
      ["good"],
    );
    await publisher.publishAll([message("after", "bad")]);
  });

  it("one that is refused takes the others of its publish with it, and none of another key", async (t) => {
    const pubsub = await startTopic(t);
    const publisher = await open(pubsub.hostPort);
    t.after(() => publisher.close());
    const refused = { data: Buffer.from("x"), attributes: { a: "v".repeat(1_025) }, orderingKey: "bad" };
    const told = await Promise.allSettled([publisher.publish(refused), publisher.publish(message("good", "good"))]);
    assert.deepEqual(
      told.map(({ status }) => status),
      ["rejected", "fulfilled"],
    );
    assert.match(String(told[0]?.status === "rejected" && told[0].reason), /INVALID_ARGUMENT/);
    assert.match(await publisher.publish(message("after", "bad")), /^\d+$/);
  });

  it("a message of ten million bytes passes", async (t) => {
    const pubsub = await startTopic(t);
    const publisher = await open(pubsub.hostPort, { timeoutMs: 10_000 });
    t.after(() => publisher.close());
    await publisher.publish({ data: Buffer.alloc(10_000_000, "x"), attributes: {} });
    assert.equal((await pullAll(pubsub))[0]?.data.length, 10_000_000);
  });
}

for (const by of ["groups", "library"] as const) {
  describe(`a publisher of one topic, by ${by}`, { concurrency: 4, timeout: 60_000 }, () => publisherSuite(by));
}
