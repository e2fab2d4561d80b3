import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import { type GmailOptions, openGmail } from "@draftmill/worker/gmail/open-gmail.ts";
import type { GoogleCall } from "@draftmill/worker/google/google-call.ts";

export interface SeenRequest {
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** `body` as JSON, or as it is when it is text. `instead` has the bare response, to break it as a network would. */
export type Reply =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
  | { readonly instead: (response: ServerResponse) => void };

export type Route =
  | "metadata"
  | "identity"
  | "email"
  | "signJwt"
  | "keys"
  | "token"
  | "create"
  | "upload"
  | "list"
  | "get";

/** Called for each request; `count` is 1 for the route's first. */
export type Script = (request: SeenRequest, count: number) => Reply | Promise<Reply>;

export interface ScriptedGoogle {
  readonly url: string;
  on(route: Route, script: Script): void;
  /** The requests so far, oldest first. */
  seen(route: Route): readonly SeenRequest[];
}

export const SERVICE_ACCOUNT = "worker@acme-mail.iam.gserviceaccount.com";
export const CREATED = { id: "r-1", message: { id: "m-1", threadId: "t-1" } };
export const IDS = { draftId: "r-1", messageId: "m-1", threadId: "t-1" };

const EVERYTHING_WORKS: Readonly<Partial<Record<Route, Script>>> = {
  metadata: () => ({ body: { access_token: "worker-token", expires_in: 3599, token_type: "Bearer" } }),
  email: () => ({ body: SERVICE_ACCOUNT }),
  signJwt: () => ({ body: { keyId: "k", signedJwt: "signed.assertion.text" } }),
  keys: () => ({ body: { keys: [] } }),
  token: (_, count) => ({ body: { access_token: `user-token-${count}`, expires_in: 3599, token_type: "Bearer" } }),
  create: () => ({ body: CREATED }),
  upload: () => ({ body: CREATED }),
  list: () => ({ body: {} }),
};

/**
 * The endpoints that the worker calls, each answering what a test says, so that any answer can be put on the wire. It
 * knows none of Google's rules. The metadata server's address is the process's environment, as the library wants it.
 */
export async function startScriptedGoogle(t: TestContext): Promise<ScriptedGoogle> {
  const scripts = new Map<string, Script>(Object.entries(EVERYTHING_WORKS));
  const requests = new Map<string, SeenRequest[]>();
  const server = createServer(async (incoming, response) => {
    const request = { url: incoming.url ?? "", headers: incoming.headers, body: await text(incoming) };
    const route = routeOf(`${incoming.method} ${request.url}`);
    const seen = requests.get(route) ?? [];
    requests.set(route, seen);
    seen.push(request);
    const reply = (await scripts.get(route)?.(request, seen.length)) ?? { status: 404 };
    if ("instead" in reply) reply.instead(response);
    else answer(response, reply);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  process.env.GCE_METADATA_HOST = url;
  process.env.METADATA_SERVER_DETECTION = "assume-present";
  return {
    url,
    on: (route, script) => scripts.set(route, script),
    seen: (route) => requests.get(route) ?? [],
  };
}

/** Gmail as the worker opens it, with the calls that it reported and the units of those that waited for no turn. */
export function openScriptedGmail(google: ScriptedGoogle, options: Partial<GmailOptions> = {}) {
  const calls: GoogleCall[] = [];
  const spent: { readonly mailbox: string; readonly units: number }[] = [];
  const gmail = openGmail({
    endpoints: {
      IAM_CREDENTIALS_ENDPOINT: google.url,
      SERVICE_ACCOUNTS_ENDPOINT: google.url,
      OAUTH_TOKEN_ENDPOINT: `${google.url}/token`,
      GMAIL_ENDPOINT: google.url,
    },
    serviceAccount: SERVICE_ACCOUNT,
    scope: "https://www.googleapis.com/auth/gmail.compose",
    timeoutMs: 10_000,
    clock: systemClock,
    onCall: (call) => calls.push(call),
    onSpend: (mailbox, units) => spent.push({ mailbox, units }),
    metadataOnly: true,
    ...options,
  });
  return { gmail, calls, spent };
}

function routeOf(call: string): string {
  const [path = ""] = call.split("?");
  if (path.endsWith(":signJwt")) return "signJwt";
  if (path.startsWith("GET /service_accounts/v1/jwk/")) return "keys";
  if (path.startsWith("POST /token")) return "token";
  if (path.endsWith("/identity")) return "identity";
  if (path.endsWith("/email")) return "email";
  if (path.startsWith("GET /computeMetadata/")) return "metadata";
  if (path === "POST /gmail/v1/users/me/drafts") return "create";
  if (path === "POST /upload/gmail/v1/users/me/drafts") return "upload";
  if (path === "GET /gmail/v1/users/me/drafts") return "list";
  return path.startsWith("GET /gmail/v1/users/me/drafts/") ? "get" : path;
}

function answer(response: ServerResponse, { status = 200, headers = {}, body }: Exclude<Reply, { instead: unknown }>) {
  const isText = typeof body === "string";
  response.writeHead(status, {
    "content-type": isText ? "text/html; charset=UTF-8" : "application/json; charset=UTF-8",
    "metadata-flavor": "Google",
    ...headers,
  });
  response.end(isText ? body : JSON.stringify(body ?? {}));
}
