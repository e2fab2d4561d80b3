import Fastify from "fastify";

/**
 * Fastify with one validated route, from its source as it is installed: what a small service pays at its start. In
 * JavaScript, as stripping types would be paid for as well.
 */
const text = (maxLength) => ({ type: "string", minLength: 1, maxLength });
const body = {
  type: "object",
  additionalProperties: false,
  required: ["to", "subject", "message"],
  properties: { to: text(320), subject: text(1_000), message: text(1_000_000), mailbox: text(320) },
};
const app = Fastify();
app.post("/drafts", { schema: { body } }, async (_request, reply) => reply.code(202).send({ status: "queued" }));
const url = await app.listen({ host: "127.0.0.1", port: 0 });
process.stdout.write(`${JSON.stringify({ message: "started", url })}\n`);
