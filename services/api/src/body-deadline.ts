import type { FastifyInstance } from "fastify";
import type { UnreadableRequests } from "./unreadable-request.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Its body is a file that is read as it is worked off, and may take its time as long as it comes. */
    readonly readsFile?: boolean;
  }
}

/** As long as a request that is no file may take to arrive. */
const BODY_WITHIN_MS = 30_000;

/**
 * Ends requests whose body does not arrive whole in time, with REQUEST_INCOMPLETE. Node's own `requestTimeout` would do, but for all
 * requests alike: a file that waits for its rows to be published would be cut off.
 */
export function limitBodyTime(app: FastifyInstance, unreadable: UnreadableRequests): void {
  app.addHook("onRequest", ({ raw, routeOptions }, reply, done) => {
    const hasBody = raw.headers["transfer-encoding"] !== undefined || Number(raw.headers["content-length"] ?? 0) > 0;
    // A small body has come with its head, as the hook before this one is async: nothing is left to wait for.
    if (!hasBody || raw.complete || routeOptions.config?.readsFile === true) return done();
    const timer = setTimeout(() => {
      if (!raw.complete) unreadable.refuse(incomplete(), raw.socket);
    }, BODY_WITHIN_MS);
    const clear = (): void => clearTimeout(timer);
    raw.once("end", clear);
    reply.raw.once("close", clear);
    done();
  });
}

/** What Node says of one. */
function incomplete(): Error & { readonly code: string } {
  return Object.assign(new Error("the body did not arrive in time"), { code: "ERR_HTTP_REQUEST_TIMEOUT" });
}
