/** https://grpc.io/docs/guides/status-codes/, by number. */
export const GRPC_STATUS = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

export type GrpcStatus = (typeof GRPC_STATUS)[number];

/** What a front end means that answers for the service (https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md). */
const BY_HTTP_STATUS: Readonly<Record<number, GrpcStatus>> = {
  400: "INTERNAL",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "UNIMPLEMENTED",
  429: "UNAVAILABLE",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "UNAVAILABLE",
};

/** A call that was not answered with OK; `code` and `details` as in the errors of Google's clients. */
export class GrpcFailed extends Error {
  override readonly name = "GrpcFailed";
  readonly status: GrpcStatus;
  readonly code: number;
  readonly details: string;

  constructor(status: GrpcStatus, details: string, options?: ErrorOptions) {
    const code = GRPC_STATUS.indexOf(status);
    super(`${code} ${status}: ${details}`, options);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** @param code the header grpc-status, @param message grpc-message, which is percent-encoded */
export function failureOf(code: string, message: string): GrpcFailed {
  return new GrpcFailed(GRPC_STATUS[Number(code)] ?? "UNKNOWN", decoded(message));
}

export function failureOfHttp(status: number): GrpcFailed {
  return new GrpcFailed(BY_HTTP_STATUS[status] ?? "UNKNOWN", `HTTP status ${status}`);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
