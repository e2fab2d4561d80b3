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
  return new ServiceProblem(problem, nextOf(status, text(given.remedy)));
}

function nextOf(status: number, remedy: string | null): string | null {
  if (status === 401) return "draftmill login";
  return remedy === null || remedy === "" ? null : remedy;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
