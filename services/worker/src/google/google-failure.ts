/** A failed call to Google, read field by field from whatever the client library threw. */
export interface GoogleFailure {
  /** HTTP status; null when no answer came. */
  readonly status: number | null;
  /** `error.errors[].reason` and `error.details[].reason`, or the OAuth `error`: Google's spelling, possibly none. */
  readonly reasons: readonly string[];
  /** `error.status`, e.g. PERMISSION_DENIED. */
  readonly rpcStatus: string | null;
  /** Google's prose. It may name an address: compare with it, never log it. */
  readonly message: string;
  /** Whether the answer was Google's JSON. An HTML page comes from a front end, a proxy or a wrong path. */
  readonly structured: boolean;
  /** The project that an `ErrorInfo` speaks of, id or number. */
  readonly consumerProject: string | null;
  /** The `Retry-After` header, verbatim. */
  readonly retryAfter: string | null;
  /** `no` when the request certainly had no effect, `unknown` when it may have had one. */
  readonly applied: "no" | "unknown";
  /** What may be logged of it: identifiers only. */
  readonly reason: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** No chain of causes that a client library builds is deeper. */
const CAUSES_MAX = 10;

/**
 * Reads fields, never classes: two copies of a client library in one tree have two error classes. Gaxios puts the answer
 * in `response`; without one, `code` and `syscall` stand on the error itself or on a cause (node-fetch, undici).
 */
export function readGoogleFailure(error: unknown): GoogleFailure {
  const response = fieldsOf(fieldsOf(error).response);
  const status = typeof response.status === "number" ? response.status : null;
  return status === null ? withoutAnswer(error) : withAnswer(status, response);
}

function withAnswer(status: number, response: Fields): GoogleFailure {
  const body = jsonObject(response.data);
  const envelope = fieldsOf(body.error);
  const oauth = textOf(body.error);
  const details = listOf(envelope.details).map(fieldsOf);
  const reasons = [...listOf(envelope.errors).map(fieldsOf), ...details].flatMap(({ reason }) => textOf(reason) ?? []);
  if (oauth !== null) reasons.push(oauth);
  const rpcStatus = textOf(envelope.status);
  const consumer = details.map(({ metadata }) => textOf(fieldsOf(metadata).consumer)).find((found) => found !== null);
  return {
    status,
    reasons,
    rpcStatus,
    message: textOf(envelope.message) ?? textOf(body.error_description) ?? "",
    structured: oauth !== null || typeof envelope.code === "number",
    consumerProject: consumer?.replace(/^projects\//, "") ?? null,
    retryAfter: headerOf(response.headers, "retry-after"),
    // 408 says that the server gave up waiting, not that it refused.
    applied: status >= 400 && status < 500 && status !== 408 ? "no" : "unknown",
    reason: [`HTTP ${status}`, ...new Set([...reasons, rpcStatus ?? ""].filter(isIdentifier))].join(" "),
  };
}

function withoutAnswer(error: unknown): GoogleFailure {
  const chain = causesOf(error);
  const code = chain.map((at) => textOf(at.code)).find((found) => found !== null && isIdentifier(found));
  return {
    status: null,
    reasons: [],
    rpcStatus: null,
    message: "",
    structured: false,
    consumerProject: null,
    retryAfter: null,
    applied: chain.some(neverConnected) ? "no" : "unknown",
    reason: code ?? "no answer",
  };
}

/** TLS failures that end the handshake, before the first byte of a request. */
const TLS_REFUSED = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_)/;

/**
 * The system call tells a connection that was never made from one that was lost, where the code alone (ETIMEDOUT) does
 * not. node-fetch calls it `erroredSysCall`.
 */
function neverConnected({ syscall, erroredSysCall, code }: Fields): boolean {
  const call = syscall ?? erroredSysCall;
  if (call === "connect" || call === "getaddrinfo") return true;
  return typeof code === "string" && (code === "UND_ERR_CONNECT_TIMEOUT" || TLS_REFUSED.test(code));
}

/** The error and what caused it; of several addresses tried (AggregateError) the first stands for all. */
function causesOf(error: unknown): readonly Fields[] {
  const chain: Fields[] = [];
  let at = error;
  while (typeof at === "object" && at !== null && chain.length < CAUSES_MAX) {
    const fields = fieldsOf(at);
    chain.push(fields);
    at = fields.cause ?? listOf(fields.errors)[0];
  }
  return chain;
}

/** Google's reasons are identifiers ("rateLimitExceeded", "RATE_LIMIT_EXCEEDED"); anything else is not for a log. */
function isIdentifier(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_]{1,63}$/.test(text);
}

function jsonObject(data: unknown): Fields {
  if (typeof data !== "string") return fieldsOf(data);
  try {
    return fieldsOf(JSON.parse(data));
  } catch {
    return {};
  }
}

/** `Headers`, of whichever library. */
function headerOf(headers: unknown, name: string): string | null {
  const { get } = fieldsOf(headers);
  return typeof get === "function" ? textOf(get.call(headers, name)) : null;
}

function fieldsOf(value: unknown): Fields {
  // An object's fields are unknown until each is looked at: the parsing boundary of whatever was thrown.
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
