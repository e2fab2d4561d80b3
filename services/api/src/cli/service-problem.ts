import type { Problem } from "../problem.ts";
import { CliError } from "./cli-error.ts";

/** The service said no: RFC 9457, as far as the answer is one. */
export class ServiceProblem extends CliError {
  readonly problem: Pick<Problem, "status" | "code" | "detail" | "retryable" | "errors" | "requestId" | "id">;

  constructor(problem: ServiceProblem["problem"], next: string | null) {
    super(`${problem.code}: ${problem.detail}`, { next });
    this.name = "ServiceProblem";
    this.problem = problem;
  }
}

/** Reads what an answer that is no success says; whatever is missing is made up from its status. */
export function serviceProblem(status: number, body: unknown, url: string): ServiceProblem {
  const given = typeof body === "object" && body !== null ? (body as Partial<Problem>) : {};
  const problem = {
    status,
    code: text(given.code) ?? `HTTP ${status}`,
    detail: text(given.detail) ?? text(given.title) ?? `${url} did not say why`,
    retryable: given.retryable === true,
    requestId: text(given.requestId) ?? "",
    errors: Array.isArray(given.errors) ? given.errors : [],
    ...(text(given.id) === null ? {} : { id: String(given.id) }),
  };
  return new ServiceProblem(problem, nextOf(status, problem.code, text(given.remedy)));
}

/** What to do about a refusal, where the command line has a command for it. */
const NEXT: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: "draftmill login",
  CALLER_NOT_ALLOWED: "draftmill login, as somebody whom the service's CALLERS_FILE names",
  ROLE_NOT_ALLOWED: "draftmill login, as a caller in the role operate",
  BATCH_NOT_FOUND: "draftmill batches",
  DRAFT_NOT_FOUND: "draftmill failures --list, or ask again in a moment",
  IMPORT_CHANGED: "the same command with another --key: rows that were queued make no second draft",
  KEY_REUSED: "the same command with another --key: rows that were queued make no second draft",
};

function nextOf(status: number, code: string, remedy: string | null): string | null {
  const known = Object.hasOwn(NEXT, code) ? NEXT[code] : undefined;
  if (known !== undefined) return known;
  if (status === 401) return "draftmill login";
  if (remedy !== null && remedy !== "") return remedy;
  // Said by something in between, such as Cloud Run of more than 32 MB over HTTP/1.
  return status === 413 ? "split the file, and import its parts one after the other" : null;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
