/** The canonical codes this service answers with; see https://cloud.google.com/pubsub/docs/reference/error-codes. */
export type ErrorCode =
  | "INVALID_ARGUMENT"
  | "PERMISSION_DENIED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "FAILED_PRECONDITION"
  | "UNIMPLEMENTED"
  | "CANCELLED"
  | "INTERNAL"
  | "UNAVAILABLE";

/** What a caller is told. Anything else that is thrown becomes INTERNAL with no detail. */
export class PubsubError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = "PubsubError";
    this.code = code;
  }
}

export function invalid(message: string): PubsubError {
  return new PubsubError("INVALID_ARGUMENT", message);
}

export function notFound(resource: string): PubsubError {
  return new PubsubError("NOT_FOUND", `Resource not found (resource=${shortName(resource)}).`);
}

export function alreadyExists(resource: string): PubsubError {
  return new PubsubError("ALREADY_EXISTS", `Resource already exists in the project (resource=${shortName(resource)}).`);
}

function shortName(resource: string): string {
  return resource.slice(resource.lastIndexOf("/") + 1);
}
