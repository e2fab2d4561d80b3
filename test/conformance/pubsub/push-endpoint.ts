import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { TestContext } from "node:test";

export interface PushBody {
  readonly subscription: string;
  readonly deliveryAttempt?: number;
  readonly message: Readonly<Record<string, unknown>> & {
    readonly data?: string;
    readonly messageId: string;
    readonly publishTime: string;
    readonly attributes?: Readonly<Record<string, string>>;
    readonly orderingKey?: string;
  };
}

export interface PushedRequest {
  /** From 0, in the order of arrival. */
  readonly index: number;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: PushBody;
  /** The message's data as text. */
  readonly text: string;
  readonly response: ServerResponse;
  /** Resolves when the connection or the exchange is over, whoever ended it. */
  readonly over: Promise<void>;
}

export interface PushEndpoint {
  readonly url: string;
  readonly requests: readonly PushedRequest[];
  /** The highest number of requests open at once. */
  readonly mostOpen: number;
  /** The requests so far, as soon as there are `count`. */
  received(count: number): Promise<readonly PushedRequest[]>;
}

/**
 * A worker for tests: `answer` says the status, or deals with the response itself and says nothing. It closes with the
 * test.
 */
export async function startPushEndpoint(
  t: TestContext,
  answer: (request: PushedRequest) => number | undefined,
): Promise<PushEndpoint> {
  const requests: PushedRequest[] = [];
  const waiting = new Set<() => void>();
  let open = 0;
  let mostOpen = 0;
  const server = createServer(async (incoming, response) => {
    // What follows a redirect comes as a GET without a body, and is no push.
    if (incoming.method !== "POST") {
      response.writeHead(200).end();
      return;
    }
    open += 1;
    mostOpen = Math.max(mostOpen, open);
    const over = new Promise<void>((resolve) => response.once("close", resolve));
    response.once("close", () => {
      open -= 1;
    });
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body: PushBody = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    const text = Buffer.from(body.message.data ?? "", "base64").toString("utf8");
    const { headers, url = "" } = incoming;
    const request = { index: requests.length, url, headers, body, text, response, over };
    requests.push(request);
    const status = answer(request);
    if (status !== undefined) response.writeHead(status).end();
    for (const look of [...waiting]) look();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/push`,
    requests,
    get mostOpen() {
      return mostOpen;
    },
    received: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (requests.length < count) return;
          waiting.delete(look);
          resolve(requests);
        };
        waiting.add(look);
        look();
      }),
  };
}
