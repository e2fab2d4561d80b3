import type { FastifyInstance } from "fastify";
import { CALLERS_SCHEMA } from "../callers/callers-schema.ts";

/** GET /callers.schema.json: for whoever writes a CALLERS_FILE, and for editors. */
export function registerCallersSchema(app: FastifyInstance): void {
  const document = JSON.stringify(CALLERS_SCHEMA);
  app.get("/callers.schema.json", async (_request, reply) =>
    reply.type("application/schema+json; charset=utf-8").send(document),
  );
}
