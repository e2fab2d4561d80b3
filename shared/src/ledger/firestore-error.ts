import { LedgerUnavailable, type UnavailableReason } from "./ledger.ts";

/** A call to Firestore that gave no answer or a refusal. */
export interface FirestoreFailure {
  /** `error.status` of Google's JSON, such as ALREADY_EXISTS; null without one. */
  readonly status: string | null;
  /** Identifiers only: Google's own words can hold parts of a document. */
  readonly reason: string;
  /** The same call may succeed in a moment. */
  readonly isTransient: boolean;
  /** A write that ended so may have been carried out. */
  readonly mayHaveHappened: boolean;
  /** The token was not accepted. */
  readonly isUnauthenticated: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** No chain of causes that a client library builds is deeper. */
const CAUSES_MAX = 10;

/** Reads whatever the client library threw, by its fields: two copies of the library have two error classes. */
export function readFirestoreFailure(error: unknown): FirestoreFailure {
  const response = fieldsOf(fieldsOf(error).response);
  return typeof response.status === "number"
    ? refusal(response.status, response.data)
    : { ...NO_ANSWER, reason: networkCode(error) ?? "no answer" };
}

const NO_ANSWER = { status: null, isTransient: true, mayHaveHappened: true, isUnauthenticated: false } as const;

/** https://cloud.google.com/firestore/native/docs/understand-error-codes */
export function refusal(httpStatus: number, data: unknown): FirestoreFailure {
  // Methods that stream, as batchGet and runQuery do, wrap their error in an array.
  const { error } = fieldsOf(Array.isArray(data) ? data[0] : data);
  const status = identifier(fieldsOf(error).status);
  const isServerFault = httpStatus >= 500 || httpStatus === 408;
  const isUnauthenticated = httpStatus === 401;
  return {
    status,
    reason: status === null ? `HTTP ${httpStatus}` : `HTTP ${httpStatus} ${status}`,
    isTransient: isServerFault || isUnauthenticated || httpStatus === 429 || status === "ABORTED",
    mayHaveHappened: isServerFault,
    isUnauthenticated,
  };
}

const REASONS: ReadonlyMap<string, UnavailableReason> = new Map([
  ["ABORTED", "busy"],
  ["RESOURCE_EXHAUSTED", "busy"],
  ["DATA_LOSS", "corrupt"],
]);

const HINTS: ReadonlyMap<string, string> = new Map([
  ["PERMISSION_DENIED", "the service account needs roles/datastore.user, and the Cloud Firestore API must be on"],
  ["NOT_FOUND", "the project has no such database"],
  ["FAILED_PRECONDITION", "an index is missing or still being built, or the database is not in native mode"],
]);

/** Without a cause: the client library's error holds the request, and with it the record. */
export function unavailable(operation: string, { status, reason }: FirestoreFailure): LedgerUnavailable {
  const hint = HINTS.get(status ?? "");
  const detail = `Firestore, ${operation}: ${reason}${hint === undefined ? "" : ` (${hint})`}`;
  return new LedgerUnavailable(REASONS.get(status ?? "") ?? "io", detail);
}

function networkCode(error: unknown): string | null {
  let at = error;
  for (let depth = 0; depth < CAUSES_MAX && typeof at === "object" && at !== null; depth++) {
    const { code, cause } = fieldsOf(at);
    const name = identifier(code);
    if (name !== null) return name;
    at = cause;
  }
  return null;
}

function identifier(value: unknown): string | null {
  return typeof value === "string" && /^[A-Z][A-Z0-9_]{1,63}$/.test(value) ? value : null;
}

function fieldsOf(value: unknown): Fields {
  // An object's fields are unknown until each is looked at: the parsing boundary of whatever was thrown.
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}
