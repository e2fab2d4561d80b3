import { invalid } from "./pubsub-error.ts";
import type { PushConfig, RetryPolicy, Subscription } from "./subscription.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

// google/pubsub/v1/pubsub.proto, comments on Subscription, RetryPolicy, DeadLetterPolicy
export const DEFAULT_ACK_DEADLINE_SECONDS = 10;
export const DEFAULT_RETENTION_MS = 7 * DAY_MS;
export const DEFAULT_EXPIRATION_MS = 31 * DAY_MS;
export const DEFAULT_RETRY: RetryPolicy = { minimumBackoffMs: 10_000, maximumBackoffMs: 600_000 };
export const DEFAULT_MAX_DELIVERY_ATTEMPTS = 5;
export const MAX_ACK_DEADLINE_SECONDS = 600;
const MAX_BACKOFF_MS = 600_000;
export const MIN_RETENTION_MS = 10 * MINUTE_MS;
export const MAX_RETENTION_MS = 31 * DAY_MS;
const MIN_EXPIRATION_MS = DAY_MS;

/** INVALID_ARGUMENT for values that Pub/Sub would refuse. Whether the topics exist is the broker's question. */
export function checkSubscription(subscription: Subscription, minAckDeadlineSeconds: number): void {
  const { ackDeadlineSeconds, messageRetentionMs, expirationTtlMs, deadLetter, retry, push, topic } = subscription;
  checkAckDeadline(ackDeadlineSeconds, minAckDeadlineSeconds);
  within("messageRetentionDuration", messageRetentionMs, MIN_RETENTION_MS, MAX_RETENTION_MS);
  if (expirationTtlMs !== undefined && expirationTtlMs < MIN_EXPIRATION_MS) {
    throw invalid("expirationPolicy.ttl must be at least one day.");
  }
  if (deadLetter !== undefined) {
    const { maxDeliveryAttempts } = deadLetter;
    if (maxDeliveryAttempts < 5 || maxDeliveryAttempts > 100) {
      throw invalid(`deadLetterPolicy.maxDeliveryAttempts is ${maxDeliveryAttempts}; it must be 5 to 100.`);
    }
    if (deadLetter.topic === topic) throw invalid("The dead letter topic must differ from the subscription's topic.");
  }
  if (retry !== undefined) checkRetry(retry);
  if (push !== undefined) checkPush(push);
}

export function checkAckDeadline(seconds: number, minSeconds: number): void {
  if (seconds < minSeconds || seconds > MAX_ACK_DEADLINE_SECONDS) {
    throw invalid(`ackDeadlineSeconds is ${seconds}; it must be ${minSeconds} to ${MAX_ACK_DEADLINE_SECONDS}.`);
  }
}

function checkRetry(retry: RetryPolicy): void {
  within("retryPolicy.minimumBackoff", retry.minimumBackoffMs, 0, MAX_BACKOFF_MS);
  within("retryPolicy.maximumBackoff", retry.maximumBackoffMs, 0, MAX_BACKOFF_MS);
  if (retry.maximumBackoffMs < retry.minimumBackoffMs) {
    throw invalid("retryPolicy.maximumBackoff must not be smaller than minimumBackoff.");
  }
}

/**
 * Pub/Sub pushes to public https only (https://cloud.google.com/pubsub/docs/push). Here http is allowed too, but on a
 * loopback address alone, so that a token or a draft never crosses a network in the clear.
 */
function checkPush(push: PushConfig): void {
  const url = URL.canParse(push.endpoint) ? new URL(push.endpoint) : undefined;
  const allowed = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (!allowed) {
    throw invalid("Unsupported push endpoint: https on any host, http on a loopback address.");
  }
  if (push.oidcToken !== undefined && !/^[^@\s]+@[^@\s]+$/.test(push.oidcToken.serviceAccountEmail)) {
    throw invalid("pushConfig.oidcToken.serviceAccountEmail must be a service account's email address.");
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function within(name: string, ms: number, minMs: number, maxMs: number): void {
  if (!(ms >= minMs && ms <= maxMs)) {
    throw invalid(`${name} is ${ms / 1000}s; it must be ${minMs / 1000}s to ${maxMs / 1000}s.`);
  }
}
