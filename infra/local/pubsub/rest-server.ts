import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isLoopbackHost } from "@draftmill/shared/foreign-page.ts";
import type { JSONWebKeySet } from "jose";
import { httpError } from "./error-status.ts";
import type { HttpRule } from "./protocol.ts";
import { publisherMethods } from "./publisher-methods.ts";
import { invalid, notFound, PubsubError } from "./pubsub-error.ts";
import type { Service } from "./service.ts";
import { subscriberMethods } from "./subscriber-methods.ts";
import { jsonFormat, lowerCamel } from "./wire-format.ts";
import { WireMessage } from "./wire-message.ts";

/** A publish request of 10 MB is 13.4 MB in base64; above this the answer comes before the body is read. */
const MAX_BODY_BYTES = 20_000_000;
/** As Google's certs endpoint does, roughly; clients are to fetch the keys seldom. */
const CERTS_MAX_AGE_SECONDS = 3600;

const METHODS = { ...publisherMethods, ...subscriberMethods };

/** The JSON form of the same calls (REST v1, as `gcloud pubsub` uses it) and the push tokens' certs. */
export function createRestServer(rules: readonly HttpRule[], service: Service, certs: () => JSONWebKeySet): Server {
  return createServer((request, response) => {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    if (path === "/") {
      response.end("Ok");
    } else if (path === "/oauth2/v3/certs") {
      response.setHeader("Cache-Control", `public, max-age=${CERTS_MAX_AGE_SECONDS}, must-revalidate`);
      answerJson(response, 200, certs());
    } else {
      call(rules, service, request, gone.signal).then(
        (result) => answerJson(response, 200, result),
        (error: unknown) => {
          const { httpStatus, body } = httpError(error);
          answerJson(response, httpStatus, body);
        },
      );
    }
  });
}

async function call(rules: readonly HttpRule[], service: Service, request: IncomingMessage, signal: AbortSignal) {
  refuseBrowsers(request);
  const url = new URL(request.url ?? "/", "http://localhost");
  const path = decodeURIComponent(url.pathname);
  const rule = rules.find(({ verb, path: pattern }) => verb === request.method && pattern.test(path));
  if (rule === undefined) throw notFound(path);
  const method = METHODS[rule.method];
  if (method === undefined)
    throw new PubsubError("UNIMPLEMENTED", `${rule.method} is not supported by the embedded Pub/Sub.`);
  const query = [...url.searchParams].filter(([name]) => !SYSTEM_PARAMETERS.has(name));
  const fields = withField({ ...(await readJson(request)), ...Object.fromEntries(query) }, rule, path);
  for (const name of Object.keys(fields)) {
    if (rule.requestFields.has(lowerCamel(name))) continue;
    throw invalid(`Invalid JSON payload received. Unknown name "${name}": Cannot find field.`);
  }
  return method(service, new WireMessage(fields, jsonFormat), signal);
}

/**
 * A web page that the user has open can reach loopback ports, too, and there is no login here to stop it. Browsers tell
 * on it: they send an Origin with every request that changes something, and a foreign Host when a name was rebound.
 */
function refuseBrowsers(request: IncomingMessage): void {
  const { origin, host } = request.headers;
  if (origin !== undefined || !isLoopbackHost(host)) {
    throw new PubsubError("PERMISSION_DENIED", "Web pages may not call the embedded Pub/Sub.");
  }
}

// https://cloud.google.com/apis/docs/system-parameters
const SYSTEM_PARAMETERS = new Set(["alt", "prettyPrint", "key", "fields", "quotaUser", "$alt", "$prettyPrint"]);

/** Puts the name from the path where the rule says, over what the body may claim: `topic` or `topic.name`. */
function withField(fields: Record<string, unknown>, rule: HttpRule, path: string): Record<string, unknown> {
  const name = rule.path.exec(path)?.[1];
  const [outer = "", inner] = rule.field.split(".");
  if (inner === undefined) return { ...fields, [outer]: name };
  const message = fields[outer];
  return { ...fields, [outer]: { ...(typeof message === "object" ? message : {}), [inner]: name } };
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.byteLength;
    if (bytes > MAX_BODY_BYTES) throw invalid(`Request payload size exceeds the limit: ${MAX_BODY_BYTES} bytes.`);
    chunks.push(buffer);
  }
  if (bytes === 0) return {};
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Told below, like JSON that is no object.
  }
  throw invalid("Invalid JSON payload received.");
}

function answerJson(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return;
  response.writeHead(status, { "Content-Type": "application/json; charset=UTF-8" }).end(JSON.stringify(body));
}
