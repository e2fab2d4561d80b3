import { DraftError } from "@draftmill/shared/errors.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { CONSOLE_FILE_NAMES, CONSOLE_PAGE, type ConsoleFile, loadConsoleFile } from "../console-files.ts";

/**
 * Our own files, calls to this origin and the empty icon, and nothing else: no inline script or style, no frame, no form. Nor
 * can a script of ours make markup or code of a text (https://www.w3.org/TR/trusted-types/): there is no policy that would let it.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** `no-cache`: kept, and asked about each time it is used, so that a page never runs with another version's script. */
const FILE_HEADERS = { "cache-control": "no-cache", "cross-origin-resource-policy": "same-origin" };
const PAGE_HEADERS = {
  ...FILE_HEADERS,
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "no-referrer",
};

/**
 * GET /: the operator's console for browsers, where to go from here for everything else. The page is the same for everybody and
 * holds no data; its script calls the routes under /v1, which ask who calls.
 */
export function registerConsole(app: FastifyInstance): void {
  const page = loadConsoleFile(CONSOLE_PAGE);
  const files = new Map<string, ConsoleFile>(CONSOLE_FILE_NAMES.map((name) => [name, loadConsoleFile(name)]));

  app.get("/", async (request, reply) => {
    reply.header("vary", "accept");
    if (request.headers.accept?.includes("text/html") !== true) {
      return { service: "draftmill", routes: "/openapi.json", health: "/health/ready" };
    }
    return send(request, reply.headers(PAGE_HEADERS), page);
  });

  app.get<{ Params: { name: string } }>("/console/:name", async (request, reply) => {
    const file = files.get(request.params.name);
    if (file === undefined) throw new DraftError("ROUTE_NOT_FOUND");
    return send(request, reply.headers(FILE_HEADERS), file);
  });
}

function send(request: FastifyRequest, reply: FastifyReply, { type, content, etag }: ConsoleFile): FastifyReply {
  reply.header("etag", etag);
  if (isKnown(request.headers["if-none-match"], etag)) return reply.code(304).send();
  return reply.type(type).send(content);
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2: compared weakly, as what compresses on the way weakens a tag. */
function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((one) => ["*", etag].includes(one.trim().replace(/^W\//, "")));
}
