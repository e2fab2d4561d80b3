import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { startPushEndpoint } from "./push-endpoint.ts";
import { aSubscription, aTopic, PROJECT, rest, startEmbeddedTarget } from "./target.ts";

const CHILD = fileURLToPath(new URL("./durability-child.ts", import.meta.url));

describe("the embedded Pub/Sub's file", { timeout: 30_000 }, () => {
  it("has every message whose publish was answered before the process was killed", async (t) => {
    const statePath = await aStatePath(t);
    const victim = await startChild(t, statePath);
    await rest(victim, "PUT", "topics/orders", {});
    await rest(victim, "PUT", "subscriptions/orders", { topic: `projects/${PROJECT}/topics/orders` });
    const answered = new Set<string>();
    let killed: Promise<void> | undefined;
    const publishing = Array.from({ length: 16 }, async (_none, writer) => {
      for (let n = 0; ; n++) {
        const data = Buffer.from(`${writer}-${n}`).toString("base64");
        const { body } = await rest(victim, "POST", "topics/orders:publish", { messages: [{ data }] });
        for (const id of body.messageIds) answered.add(id);
        if (answered.size < 300) continue;
        killed ??= kill(victim.process);
        await killed;
      }
    });
    await Promise.allSettled(publishing);

    const survivor = await startChild(t, statePath);
    const found = new Set<string>();
    for (;;) {
      const pull = { maxMessages: 1000, returnImmediately: true };
      const { body } = await rest(survivor, "POST", "subscriptions/orders:pull", pull);
      if (body.receivedMessages === undefined || body.receivedMessages.length === 0) break;
      for (const { message } of body.receivedMessages) found.add(message.messageId);
    }
    assert.ok(answered.size >= 300);
    assert.deepEqual(
      [...answered].filter((id) => !found.has(id)),
      [],
    );
  });

  it("keeps subscriptions, what is unacknowledged and how often it was tried, over a restart", async (t) => {
    const statePath = await aStatePath(t);
    // Two failures, one held until it is broken off by the close, then success.
    const endpoint = await startPushEndpoint(t, ({ index }) => [500, 500, undefined, 204][index]);
    const first = await startEmbeddedTarget({ statePath, closeGraceMs: 0 });
    const [topic, deadLetters] = [await aTopic(first), await aTopic(first)];
    const subscription = await aSubscription(topic, {
      pushConfig: { pushEndpoint: endpoint.url },
      deadLetterPolicy: { deadLetterTopic: deadLetters.name, maxDeliveryAttempts: 20 },
    });
    const messageId = await topic.publishMessage({
      data: Buffer.from("x"),
      attributes: { k: "v" },
      orderingKey: "red",
    });
    await endpoint.received(3);
    await first.close();

    const second = await startEmbeddedTarget({ statePath });
    t.after(() => second.close());
    await second.pubsub.idle(subscription.name);
    const body = endpoint.requests[3]?.body;
    assert.equal(body?.message.messageId, messageId);
    assert.deepEqual(body?.message.attributes, { k: "v" });
    assert.equal(body?.message.orderingKey, "red");
    // What is broken off by a close does not count.
    assert.equal(body?.deliveryAttempt, 3);
  });

  it("records answers that come while it closes", async (t) => {
    const statePath = await aStatePath(t);
    let answer = () => undefined;
    const endpoint = await startPushEndpoint(t, ({ response }) => {
      answer = () => void response.writeHead(204).end();
      return undefined;
    });
    const first = await startEmbeddedTarget({ statePath });
    const topic = await aTopic(first);
    const subscription = await aSubscription(topic, { pushConfig: { pushEndpoint: endpoint.url } });
    await topic.publishMessage({ data: Buffer.from("x") });
    await endpoint.received(1);
    const closing = first.close();
    answer();
    await closing;
    const second = await startEmbeddedTarget({ statePath });
    t.after(() => second.close());
    await second.pubsub.idle(subscription.name);
    assert.equal(endpoint.requests.length, 1);
  });

  it("outlives ack ids: one from before a restart settles nothing", async (t) => {
    const statePath = await aStatePath(t);
    const first = await startEmbeddedTarget({ statePath });
    const topic = await aTopic(first);
    const path = (await aSubscription(topic)).name.slice(`projects/${PROJECT}/`.length);
    await topic.publishMessage({ data: Buffer.from("x") });
    const pull = { maxMessages: 1, returnImmediately: true };
    const [before] = (await rest(first, "POST", `${path}:pull`, pull)).body.receivedMessages ?? [];
    await first.close();

    const second = await startEmbeddedTarget({ statePath });
    t.after(() => second.close());
    const [after] = (await rest(second, "POST", `${path}:pull`, pull)).body.receivedMessages ?? [];
    await rest(second, "POST", `${path}:acknowledge`, { ackIds: [before?.ackId] });
    await rest(second, "POST", `${path}:modifyAckDeadline`, { ackIds: [after?.ackId], ackDeadlineSeconds: 0 });
    const [again] = (await rest(second, "POST", `${path}:pull`, pull)).body.receivedMessages ?? [];
    assert.equal(again?.message.messageId, before?.message.messageId);
    assert.notEqual(again, undefined);
  });

  it("can be read by nobody else", async (t) => {
    const statePath = await aStatePath(t);
    const target = await startEmbeddedTarget({ statePath });
    t.after(() => target.close());
    await aTopic(target);
    assert.equal((await stat(statePath)).mode & 0o077, 0);
    assert.equal((await stat(`${statePath}-wal`)).mode & 0o077, 0);
  });

  it("belongs to one process at a time", async (t) => {
    const statePath = await aStatePath(t);
    const first = await startEmbeddedTarget({ statePath });
    t.after(() => first.close());
    await assert.rejects(startEmbeddedTarget({ statePath }), /another process/);
  });
});

async function aStatePath(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-pubsub-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "pubsub.db");
}

async function startChild(
  t: TestContext,
  statePath: string,
): Promise<{ readonly url: string; readonly process: ChildProcess }> {
  const child = spawn(process.execPath, [CHILD, statePath], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => kill(child));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once("line", resolve);
    child.once("exit", () => reject(new Error("the child ended before it listened")));
  });
  return { url, process: child };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}
