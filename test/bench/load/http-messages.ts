const HEAD_END = Buffer.from("\r\n\r\n");
const CHUNK_END = Buffer.from("0\r\n\r\n");

/**
 * Cuts a connection's bytes into HTTP/1.1 messages, requests and answers alike, at a price of microseconds: what makes
 * load, or stands for Google, must not cost what is measured. Only for peers that are known to speak well.
 */
export class HttpMessages {
  readonly #onMessage: (head: string, body: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onMessage: (head: string, body: Buffer) => void) {
    this.#onMessage = onMessage;
  }

  take(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const headEnd = bytes.indexOf(HEAD_END);
      if (headEnd < 0) break;
      const head = bytes.toString("latin1", 0, headEnd);
      const bodyStart = headEnd + HEAD_END.length;
      const end = endOfBody(head, bytes, bodyStart);
      if (end < 0) break;
      const body = bytes.subarray(bodyStart, end);
      bytes = bytes.subarray(end);
      this.#onMessage(head, body);
    }
    this.#rest = bytes;
  }
}

/** Behind the last byte of the body, or -1 while it is not all there. A chunked body is left as it came. */
function endOfBody(head: string, bytes: Buffer, start: number): number {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) {
    const end = start + Number(length);
    return end <= bytes.length ? end : -1;
  }
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return start;
  const last = bytes.indexOf(CHUNK_END, start);
  return last < 0 ? -1 : last + CHUNK_END.length;
}
