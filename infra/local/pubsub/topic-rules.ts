import { invalid } from "./pubsub-error.ts";
import { resourceName } from "./resource-name.ts";
import { MAX_RETENTION_MS, MIN_RETENTION_MS } from "./subscription-rules.ts";
import type { Topic } from "./topic.ts";

/** INVALID_ARGUMENT for values that Pub/Sub would refuse. */
export function checkTopic({ name, messageRetentionMs }: Topic): void {
  resourceName("topics", name);
  if (messageRetentionMs === undefined) return;
  if (!(messageRetentionMs >= MIN_RETENTION_MS && messageRetentionMs <= MAX_RETENTION_MS)) {
    throw invalid(`messageRetentionDuration of a topic is ${messageRetentionMs / 1000}s; it must be 600s to 2678400s.`);
  }
}
