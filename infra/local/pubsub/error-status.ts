import { status } from "@grpc/grpc-js";
import { type ErrorCode, PubsubError } from "./pubsub-error.ts";

// https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  CANCELLED: 499,
  INTERNAL: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
};

/** What a gRPC caller is told. */
export function grpcError(error: unknown): { readonly code: status; readonly details: string } {
  const { code, message } = asPubsubError(error);
  return { code: status[code], details: message };
}

/** What a JSON caller is told: https://cloud.google.com/apis/design/errors#http_mapping */
export function httpError(error: unknown) {
  const { code, message } = asPubsubError(error);
  const httpStatus = HTTP_STATUS[code];
  return { httpStatus, body: { error: { code: httpStatus, message, status: code } } };
}

function asPubsubError(error: unknown): PubsubError {
  return error instanceof PubsubError ? error : new PubsubError("INTERNAL", "Internal error encountered.");
}
