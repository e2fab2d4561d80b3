import type { Clock } from "@draftmill/shared/clock.ts";
import { CliError } from "./cli-error.ts";
import { type Operation, routeOf } from "./routes.ts";
import { serviceProblem } from "./service-problem.ts";

/** A service, and how it is spoken to. */
export interface Connection {
  /** Without a slash at its end. */
  readonly url: string;
  /** The bearer token, or null where none is wanted. `fresh` when the last one was refused. */
  token(fresh: boolean): Promise<string | null>;
  readonly clock: Clock;
  /** Ends every call. */
  readonly signal: AbortSignal;
  /** Told when a call has to wait before it is repeated. */
  onWait(why: string, ms: number): void;
}

export interface Call {
  readonly operation: Operation;
  /** Of the path. */
  readonly id?: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is; called anew for each attempt. */
  readonly stream?: () => StreamedBody;
  /** The Idempotency-Key, the same for each attempt. */
  readonly key?: string;
  /** Until the answer is there whole, of one attempt. */
  readonly deadlineMs?: number;
}

/** A body that is sent as it comes, no faster than the service takes it. */
export interface StreamedBody {
  readonly type: string;
  readonly body: AsyncIterable<Uint8Array>;
  /** In place of a deadline: aborts when the body has stood still for too long, or its answer. */
  readonly patience: AbortSignal;
}

/** A client of the service's HTTP contract. It knows nothing else of the service. */
export interface Client {
  readonly url: string;
  /**
   * Calls and reads the JSON answer. 429 and 503 are waited out as Retry-After says, and what the network broke is repeated where that
   * does no harm. Throws ServiceProblem for a refusal and CliError when nobody answers.
   */
  call<Answer>(call: Call): Promise<Answer>;
  /** The same, with the body as it comes. */
  open(call: Call): Promise<Response>;
}

const DEADLINE_MS = 60_000;
const ATTEMPTS_MAX = 8;
/** Whoever wants to wait longer repeats the command. */
const WAIT_MS_MAX = 10 * 60_000;
const BACKOFF_BASE_MS = 500;
const BACKOFF_MAX_MS = 20_000;

export function createClient(connection: Connection): Client {
  const { url, clock, signal, onWait } = connection;
  let hasAnswered = false;

  const once = async (call: Call, fresh: boolean): Promise<Response> => {
    const { method, path } = routeOf(call.operation, call.id);
    const token = await connection.token(fresh);
    const streamed = call.stream?.();
    const type = streamed?.type ?? (call.json === undefined ? undefined : "application/json");
    return await fetch(`${url}${path}${queryOf(call.query)}`, {
      method,
      headers: {
        ...(type === undefined ? {} : { "content-type": type }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(call.key === undefined ? {} : { "idempotency-key": call.key }),
        ...call.headers,
      },
      ...(streamed === undefined ? {} : { body: streamed.body, duplex: "half" as const }),
      ...(call.json === undefined ? {} : { body: JSON.stringify(call.json) }),
      // A token must not follow a redirect to somewhere else.
      redirect: "manual",
      signal: AbortSignal.any([signal, streamed?.patience ?? AbortSignal.timeout(call.deadlineMs ?? DEADLINE_MS)]),
    });
  };

  const open = async (call: Call): Promise<Response> => {
    let waitedMs = 0;
    let fresh = false;
    for (let attempt = 1; ; attempt++) {
      const wait = async (why: string, ms: number): Promise<void> => {
        waitedMs += ms;
        onWait(why, ms);
        await clock.sleep(ms, signal);
      };
      const answer = await once(call, fresh).catch((error: unknown) => error);
      signal.throwIfAborted();
      if (!(answer instanceof Response)) {
        if (answer instanceof CliError) throw answer;
        // A second order of a replay would be a second replay.
        const mayRepeat = call.operation !== "replay" && (isBroken(answer) || (hasAnswered && isRefused(answer)));
        if (!mayRepeat || attempt >= ATTEMPTS_MAX) throw unreachable(url, answer);
        await wait(told(answer), backoffMs(attempt));
        continue;
      }
      hasAnswered = true;
      if (answer.ok) return answer;
      if (answer.status === 401 && !fresh) {
        await answer.body?.cancel();
        fresh = true;
        continue;
      }
      const problem = serviceProblem(answer.status, await bodyOf(answer), url);
      const { code, id } = problem.problem;
      // A draft that failed answers 503 too; its record is the answer.
      const isWait = (answer.status === 429 || answer.status === 503) && id === undefined;
      const again = isWait || code === "IMPORT_UNDER_WAY";
      const ms = Math.max(retryAfterMs(answer.headers) ?? 0, backoffMs(attempt));
      if (!again || waitedMs + ms > WAIT_MS_MAX) throw problem;
      await wait(code, ms);
    }
  };

  return {
    url,
    open,
    async call<Answer>(call: Call): Promise<Answer> {
      const answer = await open({ ...call, headers: { accept: "application/json", ...call.headers } });
      const body = await bodyOf(answer);
      if (body === null) throw new CliError(`${url} answered something that is not JSON`, { next: "look at --url" });
      return body as Answer;
    },
  };
}

function queryOf(query: Call["query"] = {}): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? "" : `?${given}`;
}

async function bodyOf(answer: Response): Promise<unknown> {
  try {
    return JSON.parse(await answer.text());
  } catch {
    return null;
  }
}

/** Seconds; a date, which the service never sends, counts as none. */
function retryAfterMs(headers: Headers): number | null {
  const given = headers.get("retry-after") ?? "";
  return /^\d{1,6}$/.test(given) ? Number(given) * 1_000 : null;
}

function backoffMs(attempt: number): number {
  return Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** (attempt - 1));
}

const BROKEN = ["ECONNRESET", "EPIPE", "ETIMEDOUT", "EAI_AGAIN", "UND_ERR_SOCKET", "UND_ERR_CONNECT_TIMEOUT"];

/** Something was there and went; what was never there, or is not trusted, does not get better by asking again. */
function isBroken(error: unknown): boolean {
  return (error instanceof Error && error.name === "TimeoutError") || BROKEN.includes(codeOf(error) ?? "");
}

function isRefused(error: unknown): boolean {
  return ["ECONNREFUSED", "ENOTFOUND"].includes(codeOf(error) ?? "");
}

/** undici says "fetch failed", and why in its cause. */
function codeOf(error: unknown): string | null {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : null;
}

function told(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return "no answer in time";
  return codeOf(error) ?? "the connection broke";
}

function unreachable(url: string, error: unknown): CliError {
  const next = "start it with `npm start`, or name the service: draftmill --url https://… or DRAFTMILL_URL";
  return new CliError(
    `${url} cannot be reached: ${told(error)}`,
    { next: isRefused(error) ? next : null },
    { cause: error },
  );
}
