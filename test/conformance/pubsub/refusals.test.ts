import assert from "node:assert/strict";
import { request } from "node:http";
import { after, describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import { aSubscription, aTopic, PROJECT, rest, startEmbeddedTarget } from "./target.ts";

const target = await startEmbeddedTarget();
after(() => target.close());
const topic = await aTopic(target);

/** What the real service can and this one cannot: refused, so that nobody relies on it. */
const UNSUPPORTED: Readonly<Record<string, unknown>> = {
  "a filter": { filter: 'attributes.caller = "crm"' },
  "exactly-once delivery": { enableExactlyOnceDelivery: true },
  "pushing without the wrapper": { pushConfig: { pushEndpoint: "https://worker.example.test/", noWrapper: {} } },
  "export to BigQuery": { bigqueryConfig: { table: "demo.drafts.requests" } },
  "export to Cloud Storage": { cloudStorageConfig: { bucket: "drafts" } },
  "message transforms": { messageTransforms: [{ disabled: true }] },
};

describe("the embedded Pub/Sub refuses", { timeout: 30_000 }, () => {
  for (const [what, settings] of Object.entries(UNSUPPORTED)) {
    it(what, async () => {
      const answer = await rest(target, "PUT", "subscriptions/unsupported", { topic: topic.name, ...Object(settings) });
      assert.equal(answer.status, 400);
      assert.equal(answer.body.error.status, "INVALID_ARGUMENT");
    });
  }

  it("a field that no request has", async () => {
    const publish = { messages: [{ data: "eA==" }], mesages: [] };
    const { status: httpStatus, body } = await rest(
      target,
      "POST",
      `topics/${topic.name.split("/").at(-1)}:publish`,
      publish,
    );
    assert.equal(httpStatus, 400);
    assert.match(body.error.message, /Unknown name "mesages"/);
  });

  it("a message above 10 MB, at once and by a code that clients do not retry", async () => {
    const publishing = topic.publishMessage({ data: Buffer.alloc(10_000_001) });
    await assert.rejects(publishing, { code: status.INVALID_ARGUMENT });
  });

  it("plain http to another machine", async () => {
    for (const pushEndpoint of ["http://worker.example.test/", "http://10.0.0.1/", "http://127.0.0.1.example.test/"]) {
      await assert.rejects(aSubscription(topic, { pushConfig: { pushEndpoint } }), { code: status.INVALID_ARGUMENT });
    }
  });

  it("a dead letter topic that is the subscription's own", async () => {
    const deadLetterPolicy = { deadLetterTopic: topic.name };
    await assert.rejects(aSubscription(topic, { deadLetterPolicy }), { code: status.INVALID_ARGUMENT });
  });

  it("snapshots, as not implemented", async () => {
    const subscription = await aSubscription(topic);
    await assert.rejects(subscription.createSnapshot("yesterday"), { code: status.UNIMPLEMENTED });
    assert.equal((await rest(target, "GET", "snapshots")).status, 501);
  });

  it("a web page, by its Origin or by a name that was rebound", async () => {
    for (const headers of [{ origin: "https://evil.example.test" }, { host: "evil.example.test" }]) {
      const answer = await get(`${target.url}/v1/projects/${PROJECT}/topics`, headers);
      assert.equal(answer, 403);
    }
  });

  it("to pull what is pushed", async () => {
    const subscription = await aSubscription(topic, { pushConfig: { pushEndpoint: "http://127.0.0.1:1/" } });
    const path = subscription.name.slice(`projects/${PROJECT}/`.length);
    const { body } = await rest(target, "POST", `${path}:pull`, { maxMessages: 1 });
    assert.equal(body.error.status, "FAILED_PRECONDITION");
  });
});

/** fetch would not let a test set these headers. */
function get(url: string, headers: Readonly<Record<string, string>>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sending = request(url, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sending.on("error", reject);
    sending.end();
  });
}
