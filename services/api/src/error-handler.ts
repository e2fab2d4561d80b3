import type { ErrorCode } from "@draftmill/shared/error-codes.ts";
import { DraftError, type FieldProblem, toDraftError } from "@draftmill/shared/errors.ts";
import { CursorInvalid, LedgerUnavailable } from "@draftmill/shared/ledger/ledger.ts";
import type { Logger } from "@draftmill/shared/log.ts";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { writeRemaining } from "./callers/rate-limit-fields.ts";
import { problemOf, sendProblem } from "./problem.ts";

/** Fastify's own refusals (https://fastify.dev/docs/latest/Reference/Errors/) in our codes and words. */
const FASTIFY_REFUSALS: Readonly<Record<string, { readonly code: ErrorCode; readonly reason?: string }>> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: "BODY_MALFORMED", reason: "the body is empty" },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: "BODY_MALFORMED" },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: "BODY_MALFORMED",
    reason: "the body is not as long as Content-Length says",
  },
  FST_ERR_CTP_BODY_TOO_LARGE: { code: "BODY_TOO_LARGE" },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { code: "MEDIA_TYPE_UNSUPPORTED" },
  FST_ERR_BAD_URL: { code: "ROUTE_NOT_FOUND", reason: "the path is not a valid URL component" },
  FST_ERR_MAX_PARAM_LENGTH: { code: "ROUTE_NOT_FOUND", reason: "the path is longer than any that there is" },
};

/** What is read of a body that is too large, so that its sender hears why. */
const DROPPED_BYTES_MAX = 64 * 1024 * 1024;

/** The one place where a thrown error becomes an answer. The words of an unforeseen error go to the log only. */
export function createErrorHandler(log: Logger) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const failure = classifyError(error);
    if (failure.cause !== undefined) {
      const { code, facts } = failure;
      log.error({ requestId: request.id, code, id: facts.id, err: failure.cause }, "request.failed");
    }
    if (failure.code === "DRAFTS_PER_DAY_EXCEEDED") {
      writeRemaining(reply, "drafts", { remaining: 0, resetMs: failure.retryAfterMs ?? 0 });
    }
    // Fastify would end the connection. A caller that is still writing loses the answer with it, and is told of a broken pipe
    // (measured: 26 of 40). So the rest is read and dropped, for as long as any request may take.
    const isSoonOver = Number(request.headers["content-length"]) <= DROPPED_BYTES_MAX;
    if (failure.code === "BODY_TOO_LARGE" && isSoonOver) reply.removeHeader("connection");
    return sendProblem(reply, problemOf(failure, request.id), failure.retryAfterMs);
  };
}

export function handleNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendProblem(reply, problemOf(new DraftError("ROUTE_NOT_FOUND"), request.id));
}

function classifyError(error: FastifyError): DraftError {
  if (error instanceof LedgerUnavailable) return new DraftError("LEDGER_UNAVAILABLE", { cause: error });
  if (error instanceof CursorInvalid)
    return invalidQuery([queryProblem("cursor", "cursor", "cursor is not one of ours")]);
  if (error.validation !== undefined) return invalidQuery(error.validation.map(describeViolation));
  const refusal = FASTIFY_REFUSALS[error.code];
  if (refusal === undefined) return toDraftError(error);
  return new DraftError(refusal.code, refusal.reason === undefined ? {} : { reason: refusal.reason });
}

function invalidQuery(fields: readonly FieldProblem[]): DraftError {
  return new DraftError("HEADER_INVALID", { reason: fields.map(({ detail }) => detail).join("; "), fields });
}

type Violation = NonNullable<FastifyError["validation"]>[number];

/** A query parameter that breaks its schema. The value is not repeated: it may be an address. */
function describeViolation({ keyword, instancePath, params, message = "is invalid" }: Violation): FieldProblem {
  if (keyword === "additionalProperties") {
    const name = String(params.additionalProperty);
    return queryProblem(name, "unknownParameter", `there is no query parameter ${JSON.stringify(name)}`);
  }
  const name = instancePath.slice(1);
  const allowed = Array.isArray(params.allowedValues) ? `: ${params.allowedValues.join(", ")}` : "";
  return queryProblem(name, keyword, `${name} ${message}${allowed}`);
}

/** `pointer` is into the HTTP request, as `{headers, query}`. */
function queryProblem(name: string, code: string, detail: string): FieldProblem {
  return { pointer: `/query/${name.slice(0, 64).replaceAll("~", "~0").replaceAll("/", "~1")}`, code, detail };
}
