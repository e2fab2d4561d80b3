import { type ClosedLoop, startClosedLoop } from "../measure/closed-loop.ts";
import { sleep } from "../measure/rounds.ts";
import { serveOrders } from "../measure/serve-orders.ts";
import { type Connection, openConnection } from "./connection.ts";
import { draftsIn, type RequestKind, requestMaker } from "./requests.ts";

export interface HttpLoadSettings {
  readonly url: string;
  readonly connections: number;
  readonly request: RequestKind;
  readonly run: string;
  /** Ends by itself after so many requests; endless unless given. */
  readonly requests?: number;
  /** Where to begin to count: no two requests of one ledger may have the same number. */
  readonly from?: number;
  /** The most that are begun in a second, evenly; as many as are answered unless given. */
  readonly perSecond?: number;
}

/**
 * The load on a service: so many connections, each with one request under way. Started again after a stop it goes on
 * counting, so that no request of one process is a repetition. Resolves its start, with `requests`, when all are answered.
 */
let loop: ClosedLoop | null = null;
let open: readonly Connection[] = [];

serveOrders({
  async start(given, counter) {
    const settings = given as HttpLoadSettings;
    const url = new URL(settings.url);
    const make = requestMaker(settings.request, url.host, settings.run);
    const drafts = draftsIn(settings.request);
    const last = (settings.from ?? 0) + (settings.requests ?? Number.POSITIVE_INFINITY);
    let next = settings.from ?? 0;
    const connections = Array.from({ length: settings.connections }, () => openConnection(url));
    open = connections;
    const free = [...connections];
    const begunMs = performance.now();
    const first = next;
    /** Each request has its time, however late the one before was answered. */
    const turn = async (n: number): Promise<void> => {
      const atMs = begunMs + ((n - first) * 1_000) / (settings.perSecond ?? Number.POSITIVE_INFINITY);
      await sleep(Math.max(0, atMs - performance.now()));
    };
    const send = async (): Promise<void> => {
      const connection = free.pop();
      if (connection === undefined) throw new Error("there are more operations than connections");
      try {
        const n = next++;
        if (settings.perSecond !== undefined) await turn(n);
        const { status, body } = await connection.send(make(n));
        if (status >= 300) throw new Error(`${status} ${body.toString("utf8").slice(0, 300)}`);
      } finally {
        free.push(connection);
      }
    };
    // Whatever a request holds, what is counted are drafts.
    const counted = { ...counter, done: (ms: number) => range(drafts, () => counter.done(ms)) };
    if (settings.requests === undefined) {
      loop = startClosedLoop(settings.connections, send, counted);
      return null;
    }
    const worker = async (): Promise<void> => {
      while (next < last) {
        const begunMs = performance.now();
        await send().then(
          () => counted.done(performance.now() - begunMs),
          (error: unknown) => counter.failed(String(error)),
        );
      }
    };
    await Promise.all(connections.map(worker));
    return null;
  },
  async stop() {
    await loop?.stop();
    loop = null;
    for (const connection of open) connection.close();
    open = [];
  },
});

function range(length: number, each: () => void): void {
  for (let n = 0; n < length; n++) each();
}
