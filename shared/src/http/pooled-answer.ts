/** The header fields of an answer, by name in whatever letters. */
export class AnswerHeaders extends Map<string, string> {
  override get(name: string): string | undefined;
  override get(name: string): string | null;
  override get(name: string): string | null | undefined {
    return super.get(name.toLowerCase()) ?? null;
  }

  override has(name: string): boolean {
    return super.has(name.toLowerCase());
  }
}

/**
 * The part of a Response that client libraries read, over bytes that are there already. A real one would wrap them in a stream and
 * its fields in checks, which together cost more than the call.
 */
export class PooledAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: AnswerHeaders;
  readonly url: string;
  /** Or gaxios leaves the body out of its errors, and with it Google's reason. */
  readonly bodyUsed = true;
  readonly #bytes: Buffer;

  constructor(status: number, statusText: string, headers: AnswerHeaders, url: string, bytes: Buffer) {
    this.status = status;
    this.statusText = statusText;
    this.headers = headers;
    this.url = url;
    this.#bytes = bytes;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  async text(): Promise<string> {
    // As fetch reads it: without a byte order mark.
    return this.#bytes.toString("utf8").replace(/^\uFEFF/, "");
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return new Uint8Array(this.#bytes).buffer;
  }

  async blob(): Promise<Blob> {
    return new Blob([new Uint8Array(this.#bytes)], { type: this.headers.get("content-type") ?? "" });
  }
}
