import { connect, type Socket } from "node:net";

/** An answer as it stood on the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A TCP connection to a service, on which anything can be said. */
export interface RawConnection {
  readonly socket: Socket;
  write(bytes: string | Buffer): void;
  /** Every answer so far. Throws on bytes that are no answer. */
  answers(): readonly RawAnswer[];
  /** Waits until there are that many answers, or the other side has closed. */
  answered(count: number): Promise<readonly RawAnswer[]>;
  /** Resolves once the other side has closed, by whatever means. */
  readonly closed: Promise<void>;
  isClosed(): boolean;
}

/** Connects; the connection ends with the test at the latest. */
export async function openRaw(url: string, t: { after(end: () => void): void }): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: false });
  t.after(() => socket.destroy());
  await new Promise<void>((connected, failed) => socket.once("connect", connected).once("error", failed));
  let received = Buffer.alloc(0);
  let isClosed = false;
  const waiters = new Set<() => void>();
  const wake = (): void => {
    for (const waiter of waiters) waiter();
  };
  // A reset while something is still being written is one of the ways to be turned away.
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    wake();
  });
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => {
      isClosed = true;
      resolve();
      wake();
    });
  });
  const answers = (): readonly RawAnswer[] => readAnswers(received.toString("latin1"));
  return {
    socket,
    write: (bytes) => void socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes),
    answers,
    async answered(count) {
      while (!isClosed && answers().length < count) {
        await new Promise<void>((waiter) => {
          waiters.add(() => {
            waiters.clear();
            waiter();
          });
        });
      }
      return answers();
    },
    closed,
    isClosed: () => isClosed,
  };
}

function readAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf("\r\n\r\n", at);
    if (end === -1) break;
    const [statusLine = "", ...fields] = text.slice(at, end).split("\r\n");
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1];
    if (status === undefined) throw new Error(`no answer: ${statusLine.slice(0, 200)}`);
    const headers = new Map(
      fields.map((field): [string, string] => {
        const colon = field.indexOf(":");
        return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
      }),
    );
    const read =
      headers.get("transfer-encoding") === "chunked" ? readChunks(text, end + 4) : readLength(text, end + 4, headers);
    if (read === null) break;
    if (!status.startsWith("1")) answers.push({ status: Number(status), headers, body: read.body });
    at = read.end;
  }
  return answers;
}

function readLength(
  text: string,
  from: number,
  headers: ReadonlyMap<string, string>,
): { body: string; end: number } | null {
  const end = from + Number(headers.get("content-length") ?? 0);
  return end > text.length ? null : { body: text.slice(from, end), end };
}

function readChunks(text: string, from: number): { body: string; end: number } | null {
  for (let at = from, body = ""; ; ) {
    const line = text.indexOf("\r\n", at);
    if (line === -1) return null;
    const size = Number.parseInt(text.slice(at, line), 16);
    const end = line + 2 + size + 2;
    if (end > text.length) return null;
    if (size === 0) return { body, end };
    body += text.slice(line + 2, end - 2);
    at = end;
  }
}
