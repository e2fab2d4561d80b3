import Fastify from "fastify";
import { DRAFT_SCHEMA, type PlainDraft } from "./draft-schema.ts";

/** Fastify with one validated route, from its source as it is installed: what a small service pays at its start. */
const app = Fastify();
app.post<{ Body: PlainDraft }>("/drafts", { schema: { body: DRAFT_SCHEMA } }, async (_request, reply) =>
  reply.code(202).send({ status: "queued" }),
);
const url = await app.listen({ host: "127.0.0.1", port: 0 });
process.stdout.write(`${JSON.stringify({ message: "started", url })}\n`);
