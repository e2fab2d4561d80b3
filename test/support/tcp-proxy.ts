import { connect, createServer, type Server, type Socket } from "node:net";

/** Which way the bytes go: from whoever connected, or back to it. */
export type Side = "request" | "answer";

/**
 * What happens to the bytes of one side of a connection:
 * - `cut`: after so many more bytes the connection ends at both ends, as by a reset
 * - `swallow`: they vanish; the connection stays
 * - `hold`: they wait until the fault ends, then go on, even if whoever sent them is gone by then
 * - `delay`: they arrive later, by `ms` and a random part of `jitterMs`
 */
export type LineFault =
  | { readonly kind: "cut"; readonly afterBytes?: number }
  | { readonly kind: "swallow" }
  | { readonly kind: "hold" }
  | { readonly kind: "delay"; readonly ms: number; readonly jitterMs?: number };

export interface FaultPlan {
  readonly side: Side;
  readonly fault: LineFault;
  /** Only connections on which whoever connected has sent this text since the fault began, from those bytes on. */
  readonly upon?: string;
  /** As many connections at most; all, unless given. */
  readonly times?: number;
  /** The share of the connections that meet it, by the proxy's own chance; 1 unless given. */
  readonly share?: number;
  /** With `upon` and `share`: chance decides anew each time the text is sent, not once for a connection. */
  readonly eachTime?: boolean;
}

/** A fault that is on. */
export interface LineFaultHandle {
  /** Connections whose bytes have met it so far. */
  readonly metBy: number;
  /** Resolves once bytes of so many connections (one, unless given) have met it; rejects after ten seconds. */
  met(count?: number): Promise<void>;
  /** Over: no other connection meets it, and what it held goes on. */
  end(): void;
  /** Over: no other connection meets it, and those that did are cut, with all that it held. */
  drop(): void;
}

/** A line on loopback between two real parts, which fails where it is told to. Knows bytes, no protocol. */
export interface TcpProxy {
  readonly hostPort: string;
  readonly url: string;
  /** Connections so far. */
  readonly connections: number;
  fault(plan: FaultPlan): LineFaultHandle;
  /** Listens no more and cuts every connection: nothing answers at this address until `accept`. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  close(): Promise<void>;
}

export interface TcpProxyOptions {
  /** Where connections go, as host:port, in turn; asked for each one. */
  readonly targets: () => readonly string[];
  /** From 0 to 1; Math.random unless given. */
  readonly random?: () => number;
}

const MET_WITHIN_MS = 10_000;

interface ActiveFault {
  readonly plan: FaultPlan;
  /** Those that have met it or will with their next bytes. */
  readonly lines: Set<Line>;
  readonly waiting: { readonly count: number; readonly resolve: () => void }[];
  met: number;
  over: boolean;
}

export async function openTcpProxy({ targets, random = Math.random }: TcpProxyOptions): Promise<TcpProxy> {
  const faults = new Set<ActiveFault>();
  const lines = new Set<Line>();
  let connections = 0;
  const listener = (client: Socket): void => {
    const all = targets();
    const target = all[connections % all.length];
    connections += 1;
    if (target === undefined) {
      client.destroy();
      return;
    }
    const line = new Line(client, target, faults, random, () => lines.delete(line));
    lines.add(line);
  };
  let server = await listen(listener, 0);
  const port = portOf(server);
  const stop = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const line of lines) line.cut();
    await closed;
  };
  return {
    hostPort: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}`,
    get connections() {
      return connections;
    },
    fault(plan) {
      const active: ActiveFault = { plan, lines: new Set(), waiting: [], met: 0, over: false };
      faults.add(active);
      const over = (): void => {
        active.over = true;
        faults.delete(active);
      };
      return {
        get metBy() {
          return active.met;
        },
        met: (count = 1) =>
          new Promise((resolve, reject) => {
            const late = () => reject(new Error(`${active.met} of ${count} connections: ${JSON.stringify(plan)}`));
            const timer = setTimeout(late, MET_WITHIN_MS);
            const done = (): void => {
              clearTimeout(timer);
              resolve();
            };
            if (active.met >= count) done();
            else active.waiting.push({ count, resolve: done });
          }),
        end() {
          over();
          for (const line of active.lines) line.flush();
        },
        drop() {
          over();
          for (const line of active.lines) line.cut();
        },
      };
    },
    refuse: stop,
    async accept() {
      server = await listen(listener, port);
    },
    close: stop,
  };
}

/** One connection: two pipes, and what has become of each. */
class Line {
  readonly #client: Socket;
  readonly #target: Socket;
  readonly #faults: ReadonlySet<ActiveFault>;
  readonly #random: () => number;
  readonly #mine = new Set<ActiveFault>();
  /** Those of them that bytes have met. */
  readonly #noted = new Set<ActiveFault>();
  /** Faults that chance or an end has taken off this connection. */
  readonly #spared = new Set<ActiveFault>();
  /** The end of what was sent under each fault that waits for a text, in case the text comes in two pieces. */
  readonly #tails = new Map<ActiveFault, string>();
  readonly #held: { readonly fault: ActiveFault; readonly to: Socket; readonly bytes: Buffer }[] = [];
  readonly #delays = { request: Promise.resolve(), answer: Promise.resolve() };
  readonly #ended = new Set<Side>();

  constructor(
    client: Socket,
    target: string,
    faults: ReadonlySet<ActiveFault>,
    random: () => number,
    onClose: () => void,
  ) {
    const [host = "", port = ""] = target.split(":");
    this.#client = client;
    this.#target = connect({ host, port: Number(port), noDelay: true, allowHalfOpen: true });
    this.#faults = faults;
    this.#random = random;
    client.setNoDelay(true);
    client.on("data", (bytes: Buffer) => this.#pass("request", bytes));
    this.#target.on("data", (bytes: Buffer) => this.#pass("answer", bytes));
    client.on("end", () => this.#end("request"));
    this.#target.on("end", () => this.#end("answer"));
    client.on("error", () => this.#end("request"));
    this.#target.on("error", () => this.cut());
    const closed = (side: Side): void => {
      this.#end(side);
      if (client.closed && this.#target.closed) onClose();
    };
    client.on("close", () => closed("request"));
    this.#target.on("close", () => closed("answer"));
  }

  cut(): void {
    this.#held.length = 0;
    for (const socket of [this.#client, this.#target]) reset(socket);
  }

  /** Sends on what faults that are over have held. */
  flush(): void {
    const free = this.#held.filter(({ fault }) => fault.over);
    const kept = this.#held.filter(({ fault }) => !fault.over);
    this.#held.splice(0, this.#held.length, ...kept);
    for (const { to, bytes } of free) write(to, bytes);
    for (const side of this.#ended) this.#end(side);
  }

  #pass(side: Side, bytes: Buffer): void {
    if (side === "request") this.#meet(bytes);
    else this.#meetUnconditional("answer");
    const to = side === "request" ? this.#target : this.#client;
    const active = [...this.#mine].find(({ plan, over }) => plan.side === side && !over);
    if (active === undefined) {
      this.#after(side, 0, () => write(to, bytes));
      return;
    }
    this.#note(active);
    const { fault } = active.plan;
    switch (fault.kind) {
      case "cut":
        write(to, bytes.subarray(0, fault.afterBytes ?? 0));
        // In the next turn, so that the bytes before the cut are on their way.
        setImmediate(() => this.cut());
        return;
      case "swallow":
        return;
      case "hold":
        this.#held.push({ fault: active, to, bytes });
        return;
      case "delay":
        this.#after(side, fault.ms + this.#random() * (fault.jitterMs ?? 0), () => write(to, bytes));
        return;
      default:
        fault satisfies never;
    }
  }

  /** In the order in which the bytes came. */
  #after(side: Side, ms: number, send: () => void): void {
    if (ms === 0 && ![...this.#mine].some(({ plan }) => plan.fault.kind === "delay")) {
      send();
      return;
    }
    const before = this.#delays[side];
    const due = new Promise((resolve) => setTimeout(resolve, ms));
    this.#delays[side] = Promise.all([before, due]).then(send);
  }

  #meet(bytes: Buffer): void {
    this.#meetUnconditional("request");
    for (const fault of this.#faults) {
      const { upon } = fault.plan;
      if (upon === undefined || this.#mine.has(fault) || this.#spared.has(fault)) continue;
      const text = (this.#tails.get(fault) ?? "") + bytes.toString("latin1");
      if (text.includes(upon)) this.#take(fault);
      else this.#tails.set(fault, text.slice(-upon.length));
    }
  }

  #meetUnconditional(side: Side): void {
    for (const fault of this.#faults) {
      const { plan } = fault;
      if (plan.upon !== undefined || plan.side !== side) continue;
      if (!this.#mine.has(fault) && !this.#spared.has(fault)) this.#take(fault);
    }
  }

  #take(fault: ActiveFault): void {
    const { times = Number.POSITIVE_INFINITY, share = 1 } = fault.plan;
    const isSpared = share < 1 && this.#random() >= share;
    if (fault.lines.size >= times || isSpared) {
      if (isSpared && fault.plan.eachTime === true) this.#tails.delete(fault);
      else this.#spared.add(fault);
      return;
    }
    this.#mine.add(fault);
    fault.lines.add(this);
  }

  #note(fault: ActiveFault): void {
    if (this.#noted.has(fault)) return;
    this.#noted.add(fault);
    fault.met += 1;
    for (const { count, resolve } of fault.waiting) if (fault.met >= count) resolve();
  }

  /** One end has no more to say: the other hears of it once nothing is held back any more. */
  #end(side: Side): void {
    this.#ended.add(side);
    const to = side === "request" ? this.#target : this.#client;
    if (this.#held.some((held) => held.to === to)) return;
    void this.#delays[side].then(() => to.end());
  }
}

/** A socket whose end is on its way cannot be reset: Node would leave it open, and wait for it for ever when it ends. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

function write(to: Socket, bytes: Buffer): void {
  if (!to.destroyed && to.writable && bytes.length > 0) to.write(bytes);
}

async function listen(listener: (socket: Socket) => void, port: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: "127.0.0.1" }, resolve);
  });
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the proxy listens nowhere");
  return address.port;
}
