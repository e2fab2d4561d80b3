import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";

/**
 * - `lost-answer`: the call is carried out, its answer does not arrive
 * - `silence`: the call does not arrive, nor does anything come back
 * - a status: what Firestore answers in place of carrying the call out
 */
export type LineFault =
  | "lost-answer"
  | "silence"
  | "UNAVAILABLE"
  | "ABORTED"
  | "RESOURCE_EXHAUSTED"
  | "UNAUTHENTICATED";

const HTTP_STATUS = { UNAVAILABLE: 503, ABORTED: 409, RESOURCE_EXHAUSTED: 429, UNAUTHENTICATED: 401 } as const;

/** The line to Firestore: counts what passes over it and fails where it is told to. */
export interface FirestoreLine {
  readonly hostPort: string;
  /** Calls by method. */
  readonly calls: ReadonlyMap<string, number>;
  /** Documents in all answers. */
  readonly documents: number;
  /** The Authorization headers of the calls, each once. */
  readonly authorizations: ReadonlySet<string>;
  forgetCounts(): void;
  /** The next call fails so; `meanwhile` happens before it does. Several are used up in order. */
  fail(fault: LineFault, meanwhile?: () => Promise<unknown>): void;
}

export interface LineOptions {
  /**
   * A call that its caller has given up goes on, and whoever makes the same call again has its answer; it counts once. For an emulator
   * that takes longer than a caller waits. False unless given.
   */
  readonly isPatient?: boolean;
}

/** Opens a line to the emulator, which closes with the test. */
export async function openFirestoreLine(
  t: TestContext,
  emulatorHostPort: string,
  { isPatient = false }: LineOptions = {},
): Promise<FirestoreLine> {
  const calls = new Map<string, number>();
  const authorizations = new Set<string>();
  const faults: { fault: LineFault; meanwhile: () => Promise<unknown> }[] = [];
  const underWay = new Map<string, Promise<{ readonly status: number; readonly text: string }>>();
  let documents = 0;

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "";
    authorizations.add(request.headers.authorization ?? "");
    if (!isPatient) countCall(path);
    const { fault, meanwhile } = faults.shift() ?? { fault: null, meanwhile: null };
    const body = await text(request);
    await meanwhile?.();
    if (fault === "silence") return;
    if (fault !== null && fault !== "lost-answer") {
      const code = HTTP_STATUS[fault];
      response.writeHead(code, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { code, status: fault, message: `${fault} with "Hello" in it` } }));
      return;
    }
    const answer = await (isPatient ? askOnce(path, body) : ask(path, body));
    if (fault === "lost-answer") {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(answer.text);
  }

  function countCall(path: string): void {
    const method = path.split(":").at(-1) ?? "";
    calls.set(method, (calls.get(method) ?? 0) + 1);
  }

  async function ask(path: string, body: string): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await fetch(`http://${emulatorHostPort}${path}`, {
      method: "POST",
      headers: { authorization: "Bearer owner", "content-type": "application/json" },
      body,
    });
    const answered = await answer.text();
    documents += answered.match(/"updateTime": .*\n\s*\},\n\s*"readTime"/g)?.length ?? 0;
    return { status: answer.status, text: answered };
  }

  function askOnce(path: string, body: string): ReturnType<typeof ask> {
    const key = `${path} ${body}`;
    const known = underWay.get(key);
    if (known !== undefined) return known;
    countCall(path);
    const asked = ask(path, body);
    underWay.set(key, asked);
    // What it refused may go well another time.
    asked.then(({ status }) => status >= 300 && underWay.delete(key)).catch(() => underWay.delete(key));
    return asked;
  }

  const server = createServer((request, response) => {
    pass(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  // A server that listens on a port has an address with one.
  const { port } = server.address() as AddressInfo;
  return {
    hostPort: `127.0.0.1:${port}`,
    calls,
    authorizations,
    get documents() {
      return documents;
    },
    forgetCounts() {
      calls.clear();
      documents = 0;
    },
    fail: (fault, meanwhile = async () => undefined) => void faults.push({ fault, meanwhile }),
  };
}
