import type { Topic } from "./topic.ts";
import type { WireFormat } from "./wire-format.ts";
import type { WireMessage } from "./wire-message.ts";

/** Schemas, ingestion, transforms and customer keys are refused: to keep them without acting on them would deceive. */
export function readTopic(wire: WireMessage): Topic {
  const messageRetentionMs = wire.duration("messageRetentionDuration");
  const storage = wire.message("messageStoragePolicy");
  const topic: Topic = {
    name: wire.string("name"),
    labels: wire.map("labels"),
    allowedPersistenceRegions: storage?.strings("allowedPersistenceRegions") ?? [],
    ...(messageRetentionMs !== undefined && { messageRetentionMs }),
  };
  storage?.refuseTheRest();
  wire.skip("state", "satisfiesPzs").refuseTheRest();
  return topic;
}

export function writeTopic(topic: Topic, format: WireFormat): Record<string, unknown> {
  return {
    name: topic.name,
    state: "ACTIVE",
    ...(Object.keys(topic.labels).length > 0 && { labels: topic.labels }),
    ...(topic.allowedPersistenceRegions.length > 0 && {
      messageStoragePolicy: { allowedPersistenceRegions: topic.allowedPersistenceRegions },
    }),
    ...(topic.messageRetentionMs !== undefined && {
      messageRetentionDuration: format.fromDuration(topic.messageRetentionMs),
    }),
  };
}
