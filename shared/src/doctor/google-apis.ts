import { withDeadline } from "../deadline.ts";
import { listAt, textAt } from "./json-answer.ts";
import { CannotTell, type Trail } from "./probe.ts";

/** One call to one of Google's administrative APIs. None of them changes anything. */
export interface ApiCall {
  /** The API's host name, by which it is also enabled: `run.googleapis.com`. */
  readonly api: string;
  /** With its query. */
  readonly path: string;
  /** Given: a POST with it as JSON. */
  readonly body?: object;
}

interface ApiAnswer {
  /** Null when none came. */
  readonly status: number | null;
  readonly json: unknown;
  /** For the trail. */
  readonly line: string;
}

export interface GoogleApisOptions {
  /** Takes Google's place; each API is then under its host name as the first part of the path. Undefined: Google. */
  readonly origin: string | undefined;
  /** Headers that authorise a call. */
  headers(): Promise<Headers>;
  readonly fetch?: typeof globalThis.fetch;
}

/** A refusal, or no answer. It is news of whoever asks, or of the network, and not of what was asked about. */
export class GoogleRefused extends CannotTell {
  readonly status: number | null;
  /** The API is not enabled, so that the answer says nothing of what was asked about. */
  readonly isDisabled: boolean;

  constructor({ api, path }: ApiCall, { status, json }: ApiAnswer) {
    const permission = permissionIn(json);
    const words = textAt(json, "error", "message") ?? "no answer that is Google's";
    super(`${api} ${status === null ? "did not answer" : `answered ${status}: ${firstLine(words)}`}`, [
      remedyFor(api, path, status, json, permission),
    ]);
    this.name = "GoogleRefused";
    this.status = status;
    this.isDisabled = reasonsIn(json).includes("SERVICE_DISABLED");
  }
}

/** Of three calls that stand before all others, none may use up the time of the rest. */
const CALL_TIMEOUT_MS = 4_000;

/** Asks Google, and each question once, however many probes have it. */
export class GoogleApis {
  readonly #options: GoogleApisOptions;
  readonly #answers = new Map<string, Promise<ApiAnswer>>();

  constructor(options: GoogleApisOptions) {
    this.#options = options;
  }

  /** @throws GoogleRefused for everything but a 2xx */
  async ask(call: ApiCall, trail: Trail): Promise<unknown> {
    const answer = await this.#answer(call, trail);
    if (!isGood(answer)) throw new GoogleRefused(call, answer);
    return answer.json;
  }

  /** The same, with null for what does not exist. */
  async find(call: ApiCall, trail: Trail): Promise<unknown> {
    const answer = await this.#answer(call, trail);
    if (answer.status === 404) return null;
    if (!isGood(answer)) throw new GoogleRefused(call, answer);
    return answer.json;
  }

  async #answer(call: ApiCall, trail: Trail): Promise<ApiAnswer> {
    const key = `${call.api}${call.path} ${JSON.stringify(call.body)}`;
    const asked = this.#answers.get(key) ?? this.#send(call, trail.signal);
    this.#answers.set(key, asked);
    const answer = await asked;
    trail.note(answer.line);
    return answer;
  }

  async #send({ api, path, body }: ApiCall, signal: AbortSignal): Promise<ApiAnswer> {
    const { origin, fetch = globalThis.fetch } = this.#options;
    const method = body === undefined ? "GET" : "POST";
    const line = (status: number | null): string => `${method} ${api}${path.split("?")[0]} ${status ?? "no answer"}`;
    const headers = await this.#options.headers();
    try {
      return await withDeadline(CALL_TIMEOUT_MS, signal, async (callSignal) => {
        const response = await fetch(origin === undefined ? `https://${api}${path}` : `${origin}/${api}${path}`, {
          method,
          headers: body === undefined ? headers : withJson(headers),
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          redirect: "manual",
          signal: callSignal,
        });
        const { status } = response;
        return { status, json: parsed(await response.text()), line: line(status) };
      });
    } catch {
      return { status: null, json: undefined, line: line(null) };
    }
  }
}

function isGood({ status }: ApiAnswer): boolean {
  return status !== null && status >= 200 && status < 300;
}

function withJson(headers: Headers): Headers {
  const all = new Headers(headers);
  all.set("content-type", "application/json");
  return all;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** google.rpc.ErrorInfo names the permission that whoever asks does not have. */
function permissionIn(json: unknown): string | null {
  const details = listAt(json, "error", "details");
  return details.map((detail) => textAt(detail, "metadata", "permission")).find((found) => found !== null) ?? null;
}

function reasonsIn(json: unknown): readonly (string | null)[] {
  return listAt(json, "error", "details").map((detail) => textAt(detail, "reason"));
}

function remedyFor(api: string, path: string, status: number | null, json: unknown, permission: string | null): string {
  const project = /\/projects\/([^/:?]+)/.exec(path)?.[1] ?? "PROJECT";
  const reasons = reasonsIn(json);
  if (reasons.includes("SERVICE_DISABLED")) return `gcloud services enable ${api} --project=${project}`;
  if (status === 401) return "gcloud auth application-default login";
  if (reasons.includes("USER_PROJECT_DENIED")) return "gcloud auth application-default set-quota-project PROJECT";
  if (status === 403) {
    const lacking = permission === null ? "" : ` (it lacks ${permission})`;
    return `Ask an owner of ${project} for the roles Viewer and Security Reviewer (roles/viewer, roles/iam.securityReviewer)${lacking}.`;
  }
  return "Run it again; if it stays so: https://status.cloud.google.com";
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
