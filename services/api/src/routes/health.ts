import type { FastifyInstance } from "fastify";

/** Something the api works with. `check` settles within seconds and never rejects. */
export interface Dependency {
  readonly name: string;
  /** False: shown, but no reason to be unready. */
  readonly isNeeded?: boolean;
  check(): Promise<boolean>;
}

/** GET /health/live: the process serves. GET /health/ready: it can accept draft requests. */
export function registerHealth(app: FastifyInstance, dependencies: readonly Dependency[], stopping: AbortSignal): void {
  app.get("/health/live", async () => ({ status: "live" }));

  app.get("/health/ready", async (_request, reply) => {
    const checks = await Promise.all(
      dependencies.map(async (dependency) => {
        const { name, isNeeded = true } = dependency;
        return { name, isNeeded, ok: await dependency.check() };
      }),
    );
    const ready = !stopping.aborted && checks.every(({ ok, isNeeded }) => ok || !isNeeded);
    return reply.code(ready ? 200 : 503).send({
      status: ready ? "ready" : stopping.aborted ? "stopping" : "unready",
      checks: Object.fromEntries(checks.map(({ name, ok }) => [name, ok])),
    });
  });
}
