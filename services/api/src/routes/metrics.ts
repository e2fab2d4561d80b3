import { DraftError } from "@draftmill/shared/errors.ts";
import { isOwnMachine } from "@draftmill/shared/own-machine.ts";
import type { FastifyInstance } from "fastify";
import type { Registry } from "prom-client";

/**
 * GET /metrics in Prometheus' text format, for a collector on this machine, as the sidecar of Cloud Run is one. For anybody
 * else there is no such route: how much is drafted is nobody's business.
 */
export function registerMetrics(app: FastifyInstance, registry: Registry): void {
  app.get("/metrics", async ({ socket, headers }, reply) => {
    if (!isOwnMachine(socket.remoteAddress, headers)) throw new DraftError("ROUTE_NOT_FOUND");
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}
