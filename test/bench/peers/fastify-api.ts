import { randomUUID } from "node:crypto";
import { OrderingKeys } from "@draftmill/shared/contract/ordering-key.ts";
import { PubSub } from "@google-cloud/pubsub";
import Fastify from "fastify";
import { serveOrders } from "../measure/serve-orders.ts";
import { DRAFT_SCHEMA, type PlainDraft } from "./draft-schema.ts";

export interface FastifyApiSettings {
  /** host:port of Pub/Sub; null answers without publishing. */
  readonly pubsubHost: string | null;
  /** Whether each message has its mailbox's ordering key, as the product's have. */
  readonly hasKeys: boolean;
}

const SHARDS = 16;

/**
 * Fastify with Ajv as its documentation has it (https://fastify.dev/docs/latest/Reference/Validation-and-Serialization/),
 * and @google-cloud/pubsub as its own has it: `publishMessage` with the default batching, 100 messages or 10 ms
 * (https://github.com/googleapis/nodejs-pubsub/blob/main/samples/publishBatchedMessages.js). No log, no ledger.
 */
serveOrders({
  async start(given) {
    const { pubsubHost, hasKeys } = given as FastifyApiSettings;
    const topic =
      pubsubHost === null
        ? null
        : new PubSub({ projectId: "bench-project", apiEndpoint: pubsubHost, emulatorMode: true }).topic(
            "draft-requests",
            hasKeys ? { messageOrdering: true } : {},
          );
    const app = Fastify({ bodyLimit: 64 * 1024 * 1024 });
    const publish = async (draft: PlainDraft, id: string, key: string | null): Promise<string> => {
      const data = Buffer.from(JSON.stringify(draft));
      await topic?.publishMessage({ data, attributes: { id }, ...(key === null ? {} : { orderingKey: key }) });
      return id;
    };
    app.post<{ Body: PlainDraft }>("/drafts", { schema: { body: DRAFT_SCHEMA } }, async (request, reply) => {
      const id = randomUUID();
      const { mailbox } = request.body;
      await publish(request.body, id, hasKeys ? `${mailbox}#${Number.parseInt(id.slice(0, 8), 16) % SHARDS}` : null);
      return reply.code(202).header("location", `/drafts/${id}`).send({ id, status: "queued" });
    });
    const items = { type: "array", maxItems: 1_000, items: DRAFT_SCHEMA };
    const batch = { type: "object", required: ["items"], properties: { name: { type: "string" }, items } };
    app.post<{ Body: { items: PlainDraft[] } }>("/batches", { schema: { body: batch } }, async (request, reply) => {
      const drafts = request.body.items.map((draft) => ({ draft, mailbox: draft.mailbox, id: randomUUID() }));
      const keys = hasKeys ? new OrderingKeys(SHARDS).of(drafts) : [];
      const ids = await Promise.all(drafts.map(({ draft, id }, index) => publish(draft, id, keys[index] ?? null)));
      return reply.code(202).send({ accepted: ids.length, ids });
    });
    return app.listen({ host: "127.0.0.1", port: 0 });
  },
  async stop() {},
});
