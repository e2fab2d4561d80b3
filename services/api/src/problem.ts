import type { RecordProblem } from "@draftmill/shared/contract/draft-record.ts";
import { ERROR_CODES, type ErrorCode, type FailureClass } from "@draftmill/shared/error-codes.ts";
import type { DraftError, FieldProblem } from "@draftmill/shared/errors.ts";
import type { FastifyReply } from "fastify";

/** RFC 9457, with what a program and a person need to go on. */
export interface Problem {
  /** Leads to the code's row in the OpenAPI document. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly requestId: string;
  /** Whether the same request may succeed later without being changed. */
  readonly retryable: boolean;
  readonly remedy: string;
  readonly errors: readonly FieldProblem[];
  /** The request on record that the problem belongs to, and where to read it; absent when there is none. */
  readonly id?: string;
  readonly instance?: string;
}

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

const TEXT = { type: "string" };

/** JSON schema of {@link Problem}. */
export const PROBLEM_SCHEMA = {
  title: "Problem",
  description: "RFC 9457, with a code of ours.",
  type: "object",
  additionalProperties: false,
  required: ["type", "title", "status", "detail", "code", "requestId", "retryable", "remedy", "errors"],
  properties: {
    type: { ...TEXT, description: "The code's row in this document." },
    title: TEXT,
    status: { type: "integer" },
    detail: TEXT,
    code: { ...TEXT, description: "A key of x-error-codes. Codes are never renamed." },
    requestId: { ...TEXT, description: "What to look for in the log." },
    retryable: { type: "boolean", description: "Whether the same request may succeed later without being changed." },
    remedy: { ...TEXT, description: "What to do next." },
    errors: {
      type: "array",
      description:
        "Every field at fault. Pointers (RFC 6901) lead into the body; /headers and /query name those parts.",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["pointer", "code", "detail"],
        properties: {
          pointer: TEXT,
          code: TEXT,
          detail: TEXT,
          index: { type: "integer", description: "Of a batch: which item, from 0." },
        },
      },
    },
    id: { ...TEXT, description: "The draft request on record that failed." },
    instance: { ...TEXT, description: "Where to read it." },
  },
};

/** Seconds for Retry-After when nobody named any: the pace of an outage, and the pace of a person. */
const RETRY_AFTER_SECONDS: Readonly<Record<FailureClass, number>> = {
  transient: 2,
  throttled: 30,
  admin: 300,
  permanent: 300,
};

/** The problem of a request that was refused or could not be served. */
export function problemOf(error: DraftError, requestId: string): Problem {
  return {
    ...codeRow(error.code),
    detail: error.reason,
    requestId,
    retryable: error.class !== "permanent",
    remedy: error.remedy,
    errors: error.fields,
    ...(error.facts.id === undefined ? {} : recordLink(error.facts.id)),
  };
}

/** The problem of a request that was accepted and failed later, as the ledger keeps it. */
export function problemOfRecord(id: string, problem: RecordProblem, requestId: string): Problem {
  return {
    ...codeRow(problem.code),
    detail: problem.detail,
    requestId,
    retryable: problem.retryable,
    remedy: problem.remedy ?? "",
    errors: problem.errors ?? [],
    ...recordLink(id),
  };
}

/** Answers with a problem; with status 429 or 503, and whenever it is known, also when to come back. */
export function sendProblem(reply: FastifyReply, problem: Problem, retryAfterMs?: number): FastifyReply {
  if (problem.status === 429 || problem.status === 503 || retryAfterMs !== undefined) {
    const usual = isErrorCode(problem.code) ? RETRY_AFTER_SECONDS[ERROR_CODES[problem.code].class] : 2;
    reply.header("retry-after", retryAfterMs === undefined ? usual : Math.ceil(retryAfterMs / 1000));
  }
  if (problem.status === 401) reply.header("www-authenticate", "Bearer");
  reply.request.event.code = problem.code;
  if (problem.id !== undefined) reply.request.event.id = problem.id;
  return reply.code(problem.status).type(PROBLEM_MEDIA_TYPE).send(problem);
}

/** Whether `code` is a row of this version's table; a ledger may hold codes of a later one. */
function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}

function recordLink(id: string): Pick<Problem, "id" | "instance"> {
  return { id, instance: `/v1/drafts/${id}` };
}

function codeRow(code: string): Pick<Problem, "type" | "title" | "status" | "code"> {
  const known = isErrorCode(code) ? ERROR_CODES[code] : ERROR_CODES.INTERNAL;
  return { type: `/openapi.json#/x-error-codes/${code}`, title: known.title, status: known.status, code };
}
