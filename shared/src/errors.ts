import { ERROR_CODES, type ErrorCode, type FailureClass } from "./error-codes.ts";

/** One thing wrong with one field. `pointer` is a JSON pointer into the request (RFC 6901). */
export interface FieldProblem {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
  /** Of a batch: which item it is about. */
  readonly index?: number;
}

export interface FailureDetails {
  /** What was seen, in words that hold no body, token or address. */
  readonly reason?: string;
  readonly fields?: readonly FieldProblem[];
  /** Lower bound of the wait before another try, when the other side named one. */
  readonly retryAfterMs?: number;
  /** `unknown` when the call may have taken effect although it failed; `no` when it certainly did not. */
  readonly applied?: "no" | "unknown";
  /** Values for the placeholders of the remedy. */
  readonly facts?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** The one error class of the product: everything it says follows from its code. */
export class DraftError extends Error {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly fields: readonly FieldProblem[];
  readonly retryAfterMs: number | undefined;
  readonly applied: "no" | "unknown";
  readonly facts: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, details: FailureDetails = {}) {
    const reason = details.reason ?? ERROR_CODES[code].title;
    super(`${code}: ${reason}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "DraftError";
    this.code = code;
    this.reason = reason;
    this.fields = details.fields ?? [];
    this.retryAfterMs = details.retryAfterMs;
    this.applied = details.applied ?? "no";
    this.facts = details.facts ?? {};
  }

  get class(): FailureClass {
    return ERROR_CODES[this.code].class;
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  /** The same failure of a call that changes nothing: whatever became of it, no draft came of it. */
  asNotApplied(): DraftError {
    const { reason, fields, retryAfterMs, facts, cause } = this;
    return new DraftError(this.code, {
      reason,
      fields,
      facts,
      cause,
      applied: "no",
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }

  /** What to do next, with the placeholders filled in; an unknown one keeps its name so that it can be looked up. */
  get remedy(): string {
    return fill(ERROR_CODES[this.code].remedy, this.facts);
  }

  /** The same for a log that everybody may read: the mailbox stays a placeholder. */
  get remedyWithoutAddress(): string {
    const { mailbox: _, ...facts } = this.facts;
    return fill(ERROR_CODES[this.code].remedy, facts);
  }
}

function fill(text: string, facts: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (hole, name: string) => facts[name] ?? hole);
}

/** The failure as it is: a `DraftError` unchanged, the ledger's by its code, anything else as INTERNAL: tried again. */
export function toDraftError(error: unknown): DraftError {
  if (error instanceof DraftError) return error;
  const isLedger = error instanceof Error && "code" in error && error.code === "LEDGER_UNAVAILABLE";
  return isLedger
    ? new DraftError("LEDGER_UNAVAILABLE", { reason: error.message, cause: error, applied: "unknown" })
    : new DraftError("INTERNAL", { cause: error, applied: "unknown" });
}
