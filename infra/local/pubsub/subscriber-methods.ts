import { page } from "./paging.ts";
import { invalid, PubsubError } from "./pubsub-error.ts";
import { take, takeOrWait, writeDelivery } from "./pull.ts";
import { projectName } from "./resource-name.ts";
import { type Method, required } from "./service.ts";
import { acknowledge, modifyAckDeadline } from "./settlement.ts";
import type { Subscription } from "./subscription.ts";
import { readPushConfig, readSubscription, writeSubscription } from "./subscription-codec.ts";

/** A pull that finds nothing is answered after this, empty; clients simply pull again. */
const PULL_WAIT_MS = 20_000;

/** The unary calls of `google.pubsub.v1.Subscriber`, by their names in the proto; those left out are UNIMPLEMENTED. */
export const subscriberMethods: Readonly<Record<string, Method>> = {
  async CreateSubscription({ broker }, request) {
    return writeSubscription(await broker.createSubscription(readSubscription(request)), request.format);
  },

  async UpdateSubscription({ broker }, request) {
    const change = readSubscription(required(request, "subscription"));
    const before = broker.subscription(change.name).config;
    const after = request.mask("updateMask").reduce((config, path) => withField(config, change, path), before);
    return writeSubscription(await broker.updateSubscription(after), request.format);
  },

  async GetSubscription({ broker }, request) {
    return writeSubscription(broker.subscription(request.string("subscription")).config, request.format);
  },

  async ListSubscriptions({ broker }, request) {
    const prefix = `${projectName(request.string("project"))}/`;
    const configs = broker.subscriptions().map(({ config }) => config);
    const inProject = configs.filter(({ name }) => name.startsWith(prefix));
    const { shown, next } = page(request, inProject, ({ name }) => name);
    return { subscriptions: shown.map((config) => writeSubscription(config, request.format)), ...next };
  },

  async DeleteSubscription({ broker }, request) {
    await broker.deleteSubscription(request.string("subscription"));
    return {};
  },

  async ModifyPushConfig({ broker }, request) {
    await broker.modifyPushConfig(request.string("subscription"), readPushConfig(request.message("pushConfig")));
    return {};
  },

  async Pull({ broker, ackIds, clock }, request, signal) {
    const live = broker.subscription(request.string("subscription"));
    const max = request.integer("maxMessages");
    if (max <= 0) throw invalid("maxMessages must be at least 1.");
    if (live.config.push !== undefined) {
      throw new PubsubError("FAILED_PRECONDITION", "This method is not supported for a push subscription.");
    }
    const answered = new AbortController();
    const waited = new AbortController();
    clock.sleep(PULL_WAIT_MS, answered.signal).then(
      () => waited.abort(),
      () => undefined,
    );
    const taken = request.boolean("returnImmediately")
      ? take(live, max)
      : await takeOrWait(live, max, AbortSignal.any([signal, waited.signal]));
    answered.abort();
    return { receivedMessages: taken.map((delivery) => writeDelivery(live, delivery, ackIds, request.format)) };
  },

  async Acknowledge({ broker, ackIds }, request) {
    acknowledge(broker.subscription(request.string("subscription")), ackIds, request.strings("ackIds"));
    return {};
  },

  async ModifyAckDeadline({ broker, ackIds }, request) {
    const live = broker.subscription(request.string("subscription"));
    modifyAckDeadline(live, ackIds, request.strings("ackIds"), request.integer("ackDeadlineSeconds"));
    return {};
  },

  async Seek({ broker }, request) {
    const timeMs = request.timestamp("time");
    if (timeMs === undefined) throw invalid("Seek to a time; snapshots are not supported by the embedded Pub/Sub.");
    await broker.seek(request.string("subscription"), timeMs);
    return {};
  },
};

function withField(config: Subscription, change: Subscription, path: string): Subscription {
  switch (path) {
    case "ackDeadlineSeconds":
      return { ...config, ackDeadlineSeconds: change.ackDeadlineSeconds };
    case "retainAckedMessages":
      return { ...config, retainAckedMessages: change.retainAckedMessages };
    case "messageRetentionDuration":
      return { ...config, messageRetentionMs: change.messageRetentionMs };
    case "labels":
      return { ...config, labels: change.labels };
    case "pushConfig": {
      const { push: _before, ...rest } = config;
      return change.push === undefined ? rest : { ...rest, push: change.push };
    }
    case "expirationPolicy": {
      const { expirationTtlMs: _before, ...rest } = config;
      return change.expirationTtlMs === undefined ? rest : { ...rest, expirationTtlMs: change.expirationTtlMs };
    }
    case "deadLetterPolicy": {
      const { deadLetter: _before, ...rest } = config;
      return change.deadLetter === undefined ? rest : { ...rest, deadLetter: change.deadLetter };
    }
    case "retryPolicy": {
      const { retry: _before, ...rest } = config;
      return change.retry === undefined ? rest : { ...rest, retry: change.retry };
    }
    default:
      throw invalid(`updateMask: ${path} of a subscription cannot be updated.`);
  }
}
