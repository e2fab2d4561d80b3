import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { PROJECT, startEmbeddedTarget } from "./target.ts";

const skip = hasGcloud() ? false : "gcloud is not on this machine";

describe("gcloud pubsub, against the embedded Pub/Sub", { skip, timeout: 120_000 }, () => {
  it("creates, publishes, pulls, acknowledges, describes, changes and deletes", async (t) => {
    const target = await startEmbeddedTarget();
    const home = await mkdtemp(join(tmpdir(), "draftmill-gcloud-"));
    t.after(() => Promise.all([target.close(), rm(home, { recursive: true, force: true })]));
    const gcloud = (...args: string[]) => pubsubCommand(target.url, home, args);

    await Promise.all([gcloud("topics", "create", "orders"), gcloud("topics", "create", "graves")]);
    await gcloud(
      "subscriptions",
      "create",
      "orders-sub",
      "--topic=orders",
      "--ack-deadline=60",
      "--enable-message-ordering",
      "--dead-letter-topic=graves",
      "--max-delivery-attempts=100",
      "--min-retry-delay=10s",
      "--max-retry-delay=600s",
      "--expiration-period=never",
    );
    const subscription = await gcloud("subscriptions", "describe", "orders-sub");
    assert.equal(subscription.topic, `projects/${PROJECT}/topics/orders`);
    assert.deepEqual(subscription.retryPolicy, { minimumBackoff: "10s", maximumBackoff: "600s" });
    assert.equal(subscription.deadLetterPolicy.maxDeliveryAttempts, 100);

    const published = await gcloud(
      "topics",
      "publish",
      "orders",
      '--message={"to":"ada@example.com"}',
      "--attribute=caller=crm",
    );
    const [pulled] = await gcloud("subscriptions", "pull", "orders-sub", "--limit=5");
    assert.equal(pulled.message.messageId, published.messageIds[0]);
    assert.equal(Buffer.from(pulled.message.data, "base64").toString(), '{"to":"ada@example.com"}');
    assert.deepEqual(pulled.message.attributes, { caller: "crm" });
    assert.equal(pulled.deliveryAttempt, 1);

    await gcloud(
      "subscriptions",
      "modify-message-ack-deadline",
      "orders-sub",
      `--ack-ids=${pulled.ackId}`,
      "--ack-deadline=60",
    );
    await gcloud("subscriptions", "ack", "orders-sub", `--ack-ids=${pulled.ackId}`);
    await target.pubsub.idle("orders-sub");

    await gcloud("subscriptions", "update", "orders-sub", "--ack-deadline=120");
    await gcloud(
      "subscriptions",
      "modify-push-config",
      "orders-sub",
      "--push-endpoint=http://127.0.0.1:1/push",
      "--push-auth-service-account=push@demo.example",
    );
    const changed = await gcloud("subscriptions", "describe", "orders-sub");
    assert.equal(changed.ackDeadlineSeconds, 120);
    assert.equal(changed.pushConfig.oidcToken.serviceAccountEmail, "push@demo.example");

    const [topics, subscriptions] = await Promise.all([
      gcloud("topics", "list"),
      gcloud("subscriptions", "list"),
      assert.rejects(gcloud("topics", "publish", "nothing-here", "--message=x"), /NOT_FOUND/),
    ]);
    assert.equal(topics.length, 2);
    assert.equal(subscriptions.length, 1);
    await gcloud("subscriptions", "delete", "orders-sub");
    await gcloud("topics", "delete", "orders");
    assert.equal((await gcloud("topics", "list")).length, 1);
  });
});

function hasGcloud(): boolean {
  try {
    execFileSync("gcloud", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** What the command prints as JSON. Its configuration is a folder of its own: the user's is left alone. */
async function pubsubCommand(url: string, home: string, args: readonly string[]) {
  const { stdout } = await promisify(execFile)("gcloud", ["pubsub", ...args, `--project=${PROJECT}`, "--format=json"], {
    timeout: 60_000,
    env: {
      ...process.env,
      CLOUDSDK_CONFIG: home,
      CLOUDSDK_API_ENDPOINT_OVERRIDES_PUBSUB: `${url}/`,
      CLOUDSDK_AUTH_DISABLE_CREDENTIALS: "true",
      CLOUDSDK_CORE_DISABLE_PROMPTS: "1",
      CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: "true",
      CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: "true",
    },
  });
  return JSON.parse(stdout || "null");
}
