import { readMessage } from "./message-codec.ts";
import { page } from "./paging.ts";
import { invalid } from "./pubsub-error.ts";
import { projectName } from "./resource-name.ts";
import { type Method, required } from "./service.ts";
import type { Topic } from "./topic.ts";
import { readTopic, writeTopic } from "./topic-codec.ts";

/** The calls of `google.pubsub.v1.Publisher`, by their names in the proto; those left out are UNIMPLEMENTED. */
export const publisherMethods: Readonly<Record<string, Method>> = {
  async CreateTopic({ broker }, request) {
    return writeTopic(await broker.createTopic(readTopic(request)), request.format);
  },

  async UpdateTopic({ broker }, request) {
    const change = readTopic(required(request, "topic"));
    const topic = request.mask("updateMask").reduce((t, path) => withField(t, change, path), broker.topic(change.name));
    return writeTopic(await broker.updateTopic(topic), request.format);
  },

  async GetTopic({ broker }, request) {
    return writeTopic(broker.topic(request.string("topic")), request.format);
  },

  async ListTopics({ broker }, request) {
    const prefix = `${projectName(request.string("project"))}/`;
    const topics = broker.topics().filter(({ name }) => name.startsWith(prefix));
    const { shown, next } = page(request, topics, ({ name }) => name);
    return { topics: shown.map((topic) => writeTopic(topic, request.format)), ...next };
  },

  async ListTopicSubscriptions({ broker }, request) {
    const { name: topic } = broker.topic(request.string("topic"));
    const names = broker.subscriptionsOf(topic).map(({ config }) => config.name);
    const { shown, next } = page(request, names, (name) => name);
    return { subscriptions: shown, ...next };
  },

  async DeleteTopic({ broker }, request) {
    await broker.deleteTopic(request.string("topic"));
    return {};
  },

  async Publish({ broker }, request) {
    const messages = request.messages("messages").map(readMessage);
    return { messageIds: await broker.publish(request.string("topic"), messages) };
  },
};

function withField(topic: Topic, change: Topic, path: string): Topic {
  switch (path) {
    case "labels":
      return { ...topic, labels: change.labels };
    case "messageStoragePolicy":
      return { ...topic, allowedPersistenceRegions: change.allowedPersistenceRegions };
    case "messageRetentionDuration": {
      const { messageRetentionMs: _before, ...rest } = topic;
      return change.messageRetentionMs === undefined
        ? rest
        : { ...rest, messageRetentionMs: change.messageRetentionMs };
    }
    default:
      throw invalid(`updateMask: ${path} of a topic cannot be updated.`);
  }
}
