import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { failureOf, failureOfHttp, GrpcFailed } from "./grpc-status.ts";

/** A connection that nobody has used for so long may be gone without a word: the next call has a new one. */
const IDLE_MS = 300_000;

export interface GrpcCall {
  readonly path: string;
  /** Names and values in turn: of an object Node makes such a list itself, which costs more than to send it. */
  readonly headers: readonly string[];
  /** The message with its five bytes before it. */
  readonly frame: Buffer;
  readonly timeoutMs: number;
}

/**
 * Unary gRPC calls over one HTTP/2 connection (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md), opened for the first call
 * and again once it has ended, or has left a call without an answer. Repeats nothing. More calls than the server takes at once wait in
 * the connection.
 */
export class GrpcChannel {
  readonly #origin: URL;
  /** What all calls begin with. */
  readonly #head: readonly string[];
  #session: ClientHttp2Session | null = null;
  #isClosed = false;

  constructor(origin: string) {
    this.#origin = new URL(origin);
    const { protocol, host } = this.#origin;
    this.#head = [":method", "POST", ":scheme", protocol.slice(0, -1), ":authority", host];
  }

  /** The answer's frames. Rejects with `GrpcFailed`, within the time. */
  call({ path, headers, frame, timeoutMs }: GrpcCall): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(new GrpcFailed("CANCELLED", "the channel is closed"));
      const session = this.#open();
      const stream = session.request([
        ...this.#head,
        ":path",
        path,
        "content-type",
        "application/grpc",
        "te",
        "trailers",
        "user-agent",
        "draftmill",
        "grpc-timeout",
        `${timeoutMs}m`,
        ...headers,
      ]);
      const late = (): void => {
        reject(new GrpcFailed("DEADLINE_EXCEEDED", `no answer within ${timeoutMs} ms`));
        stream.close(constants.NGHTTP2_CANCEL);
        this.#leave(session);
      };
      const timer = setTimeout(late, timeoutMs);
      const answer = new Answer(stream);
      stream.on("close", () => {
        clearTimeout(timer);
        const failure = answer.failure();
        if (failure === null) resolve(answer.bytes());
        else reject(failure);
      });
      stream.end(frame);
    });
  }

  /** Ends the calls that are open. */
  close(): void {
    this.#isClosed = true;
    this.#session?.destroy();
  }

  #open(): ClientHttp2Session {
    const open = this.#session;
    if (open !== null && !open.closed && !open.destroyed) return open;
    const session = connect(this.#origin, { settings: { enablePush: false } });
    // Each of its calls hears of it.
    session.on("error", () => {});
    session.setTimeout(IDLE_MS, () => session.close());
    this.#session = session;
    return session;
  }

  /** The calls that are open on it may still be answered. */
  #leave(session: ClientHttp2Session): void {
    if (this.#session === session) this.#session = null;
    session.close();
  }
}

type Fields = Readonly<Record<string, string | readonly string[] | number | undefined>>;

/** What came on a stream. */
class Answer {
  readonly #stream: ClientHttp2Stream;
  readonly #parts: Buffer[] = [];
  #head: Fields = {};
  #tail: Fields = {};
  #error: Error | undefined;

  constructor(stream: ClientHttp2Stream) {
    this.#stream = stream;
    stream.on("response", (fields) => {
      this.#head = fields;
    });
    stream.on("trailers", (fields) => {
      this.#tail = fields;
    });
    stream.on("data", (part: Buffer) => this.#parts.push(part));
    stream.on("error", (error) => {
      this.#error = error;
    });
  }

  bytes(): Buffer {
    const [only] = this.#parts;
    return this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts);
  }

  /** Null when the call has been answered with OK. */
  failure(): GrpcFailed | null {
    // An answer without a message has its status in its only headers.
    const from = this.#tail["grpc-status"] === undefined ? this.#head : this.#tail;
    const code = from["grpc-status"];
    if (code === "0") return null;
    if (code !== undefined) return failureOf(String(code), String(from["grpc-message"] ?? ""));
    const status = this.#head[":status"];
    if (status !== undefined && status !== 200) return failureOfHttp(Number(status));
    const cause = this.#error;
    const details = cause?.message ?? `the stream ended without a status (code ${this.#stream.rstCode})`;
    return new GrpcFailed("UNAVAILABLE", details, { cause });
  }
}
