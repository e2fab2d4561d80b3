import { foreignPage } from "@draftmill/shared/foreign-page.ts";
import { type FastifyInstance, fastify } from "fastify";
import { errorPage } from "./answer.ts";
import { googleError } from "./google-error.ts";
import { send } from "./operation.ts";
import type { Scene } from "./scene.ts";

// Node's default of 5 s is shorter than many clients' keep-alive, and a call on a socket that just closed looks like an outage.
const KEEP_ALIVE_MS = 65_000;

/** The HTTP server under every service: bodies arrive as bytes, and what no route takes fails as at Google. */
export function buildServer(scene: Omit<Scene, "nowMs">, onBug: (error: unknown) => void): FastifyInstance {
  const app = fastify({
    // Open connections, event streams among them, end with the server.
    forceCloseConnections: true,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // The admin routes' schemas mean what they say.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, discriminator: true } },
    routerOptions: { maxParamLength: 500 },
  });
  app.addHook("onRequest", async (request, reply) => {
    const reason = foreignPage(request.method, request.headers);
    if (reason !== null) return reply.code(403).send({ error: `Web pages may not call the sandbox: ${reason}.` });
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?")[0]?.replace(/[&<>"']/g, "") ?? "";
    return send(
      reply,
      errorPage(404, "Not Found", `The requested URL <code>${path}</code> was not found on this server.`),
    );
  });
  app.setErrorHandler((error, _request, reply) => {
    if (hasCode(error, "FST_ERR_CTP_BODY_TOO_LARGE"))
      return send(reply, googleError("tooLarge", { ...scene, nowMs: 0 }));
    onBug(error);
    return send(reply, googleError("backendError", { ...scene, nowMs: 0 }));
  });
  return app;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
