import { invalid } from "./pubsub-error.ts";
import type { DeadLetterPolicy, PushConfig, RetryPolicy, Subscription } from "./subscription.ts";
import {
  DEFAULT_ACK_DEADLINE_SECONDS,
  DEFAULT_EXPIRATION_MS,
  DEFAULT_MAX_DELIVERY_ATTEMPTS,
  DEFAULT_RETENTION_MS,
  DEFAULT_RETRY,
} from "./subscription-rules.ts";
import type { WireFormat } from "./wire-format.ts";
import type { WireMessage } from "./wire-message.ts";

/**
 * Filters, exactly-once delivery, export to BigQuery and the like are refused, not ignored: a subscription that
 * delivers what it should not is worse than none.
 */
export function readSubscription(wire: WireMessage): Subscription {
  if (wire.string("filter") !== "") throw invalid("filter is not supported by the embedded Pub/Sub.");
  if (wire.boolean("enableExactlyOnceDelivery")) {
    throw invalid("enableExactlyOnceDelivery is for pull subscriptions, and not supported by the embedded Pub/Sub.");
  }
  const push = readPushConfig(wire.message("pushConfig"));
  const deadLetter = readDeadLetter(wire.message("deadLetterPolicy"));
  const retry = readRetry(wire.message("retryPolicy"));
  const expiration = wire.message("expirationPolicy");
  const expirationTtlMs = expiration === undefined ? DEFAULT_EXPIRATION_MS : expiration.duration("ttl");
  const subscription: Subscription = {
    name: wire.string("name"),
    topic: wire.string("topic"),
    ackDeadlineSeconds: wire.integer("ackDeadlineSeconds") || DEFAULT_ACK_DEADLINE_SECONDS,
    retainAckedMessages: wire.boolean("retainAckedMessages"),
    messageRetentionMs: wire.duration("messageRetentionDuration") ?? DEFAULT_RETENTION_MS,
    labels: wire.map("labels"),
    enableMessageOrdering: wire.boolean("enableMessageOrdering"),
    ...(push !== undefined && { push }),
    ...(expirationTtlMs !== undefined && { expirationTtlMs }),
    ...(deadLetter !== undefined && { deadLetter }),
    ...(retry !== undefined && { retry }),
  };
  wire.skip("state", "detached", "topicMessageRetentionDuration").refuseTheRest();
  return subscription;
}

/** Undefined for a pull subscription, which the wire says with no push config or with an empty endpoint. */
export function readPushConfig(wire: WireMessage | undefined): PushConfig | undefined {
  if (wire === undefined) return undefined;
  const endpoint = wire.string("pushEndpoint");
  const oidc = wire.message("oidcToken");
  const audience = oidc?.string("audience") ?? "";
  const config: PushConfig = {
    endpoint,
    attributes: wire.map("attributes"),
    ...(oidc !== undefined && {
      oidcToken: { serviceAccountEmail: oidc.string("serviceAccountEmail"), ...(audience !== "" && { audience }) },
    }),
  };
  if (wire.has("noWrapper")) throw invalid("pushConfig.noWrapper is not supported by the embedded Pub/Sub.");
  wire.skip("pubsubWrapper").refuseTheRest();
  return endpoint === "" ? undefined : config;
}

export function writeSubscription(subscription: Subscription, format: WireFormat): Record<string, unknown> {
  const { push, deadLetter, retry, expirationTtlMs, labels } = subscription;
  return {
    name: subscription.name,
    topic: subscription.topic,
    state: "ACTIVE",
    pushConfig: push === undefined ? {} : writePushConfig(push),
    ackDeadlineSeconds: subscription.ackDeadlineSeconds,
    messageRetentionDuration: format.fromDuration(subscription.messageRetentionMs),
    expirationPolicy: expirationTtlMs === undefined ? {} : { ttl: format.fromDuration(expirationTtlMs) },
    ...(subscription.retainAckedMessages && { retainAckedMessages: true }),
    ...(subscription.enableMessageOrdering && { enableMessageOrdering: true }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(deadLetter !== undefined && {
      deadLetterPolicy: { deadLetterTopic: deadLetter.topic, maxDeliveryAttempts: deadLetter.maxDeliveryAttempts },
    }),
    ...(retry !== undefined && {
      retryPolicy: {
        minimumBackoff: format.fromDuration(retry.minimumBackoffMs),
        maximumBackoff: format.fromDuration(retry.maximumBackoffMs),
      },
    }),
  };
}

function writePushConfig(push: PushConfig): Record<string, unknown> {
  const { oidcToken } = push;
  return {
    pushEndpoint: push.endpoint,
    ...(Object.keys(push.attributes).length > 0 && { attributes: push.attributes }),
    ...(oidcToken !== undefined && { oidcToken }),
  };
}

function readDeadLetter(wire: WireMessage | undefined): DeadLetterPolicy | undefined {
  if (wire === undefined) return undefined;
  const topic = wire.string("deadLetterTopic");
  const maxDeliveryAttempts = wire.integer("maxDeliveryAttempts") || DEFAULT_MAX_DELIVERY_ATTEMPTS;
  wire.refuseTheRest();
  return topic === "" ? undefined : { topic, maxDeliveryAttempts };
}

function readRetry(wire: WireMessage | undefined): RetryPolicy | undefined {
  if (wire === undefined) return undefined;
  const retry = {
    minimumBackoffMs: wire.duration("minimumBackoff") ?? DEFAULT_RETRY.minimumBackoffMs,
    maximumBackoffMs: wire.duration("maximumBackoff") ?? DEFAULT_RETRY.maximumBackoffMs,
  };
  wire.refuseTheRest();
  return retry;
}
