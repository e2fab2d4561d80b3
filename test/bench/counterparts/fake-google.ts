import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer as createPlainServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { HttpMessages } from "../load/http-messages.ts";
import { serveOrders } from "../measure/serve-orders.ts";

/** A Google that answers what it is asked, checks nothing and keeps nothing; see `infra/local/google` for one that does. */
export interface FakeGoogleSettings {
  /** How long each call takes it, beside the metadata server's and the keys'. */
  readonly latencyMs: number;
  readonly keyPem: string;
  readonly certificatePem: string;
  /** What /certs answers. */
  readonly jwks: unknown;
  /** Refuse each create for speed, to be asked again after so many seconds. */
  readonly refuseForSeconds?: number;
}

export interface FakeGoogleAddresses {
  readonly secureUrl: string;
  readonly plainUrl: string;
  /** Metadata and certs, over plain HTTP as on Google Cloud. */
  readonly metadataHost: string;
}

let servers: readonly Server[] = [];
let latencyMs = 0;
let refuseForSeconds: number | undefined;
let drafts = 0;

const TOKEN = JSON.stringify({ access_token: "bench-token", expires_in: 3599, token_type: "Bearer" });
const SIGNED = JSON.stringify({ keyId: "bench", signedJwt: "bench.bench.bench" });

serveOrders({
  async start(given, counter) {
    const settings = given as FakeGoogleSettings;
    latencyMs = settings.latencyMs;
    refuseForSeconds = settings.refuseForSeconds;
    if (servers.length > 0) return null;
    const serve = (socket: Socket): void => {
      socket.setNoDelay(true);
      socket.on("error", () => {});
      const messages = new HttpMessages((head) => {
        counter.done(0);
        const answer = answerTo(head);
        if (latencyMs === 0) socket.write(answer);
        else setTimeout(() => socket.write(answer), latencyMs);
      });
      socket.on("data", (chunk: Buffer) => messages.take(chunk));
    };
    const secure = createTlsServer({ key: settings.keyPem, cert: settings.certificatePem }, serve);
    const plain = createPlainServer(serve);
    const metadata = createHttpServer((request, reply) => {
      const isJson = request.url?.includes("/token") || request.url?.includes("certs");
      reply.setHeader("metadata-flavor", "Google");
      reply.setHeader("content-type", isJson ? "application/json" : "text/plain");
      if (request.url?.includes("certs")) return reply.end(JSON.stringify(settings.jwks));
      if (request.url?.includes("/token")) return reply.end(TOKEN);
      return reply.end(
        request.url?.includes("project") ? "bench-project" : "worker@bench-project.iam.gserviceaccount.com",
      );
    });
    servers = [secure, plain, metadata];
    const [securePort, plainPort, metadataPort] = await Promise.all(servers.map(listen));
    return {
      secureUrl: `https://127.0.0.1:${securePort}`,
      plainUrl: `http://127.0.0.1:${plainPort}`,
      metadataHost: `127.0.0.1:${metadataPort}`,
    } satisfies FakeGoogleAddresses;
  },
  async stop() {},
});

function answerTo(head: string): string {
  const path = head.slice(head.indexOf(" ") + 1, head.indexOf(" HTTP/"));
  if (path.includes(":signJwt")) return ok(SIGNED);
  if (path.startsWith("/token")) return ok(TOKEN);
  if (refuseForSeconds !== undefined) return refusal(refuseForSeconds);
  drafts += 1;
  const id = drafts.toString(16).padStart(16, "0");
  return ok(`{"id":"r${drafts}","message":{"id":"${id}","threadId":"${id}","labelIds":["DRAFT"]}}`);
}

function ok(json: string): string {
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=UTF-8\r\ncontent-length: ${json.length}\r\n\r\n${json}`;
}

function refusal(seconds: number): string {
  const reason = "rateLimitExceeded";
  const json = JSON.stringify({
    error: {
      code: 429,
      message: "Too many",
      status: "RESOURCE_EXHAUSTED",
      errors: [{ domain: "usageLimits", reason }],
    },
  });
  return `HTTP/1.1 429 Too Many Requests\r\nretry-after: ${seconds}\r\ncontent-type: application/json; charset=UTF-8\r\ncontent-length: ${json.length}\r\n\r\n${json}`;
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}
