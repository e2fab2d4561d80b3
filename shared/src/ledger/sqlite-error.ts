import { LedgerUnavailable, type UnavailableReason } from "./ledger.ts";

/** Primary result codes, https://www.sqlite.org/rescode.html; whatever is not listed is a fault of disk or file. */
const REASONS: ReadonlyMap<number, UnavailableReason> = new Map([
  [5, "busy"],
  [6, "busy"],
  [11, "corrupt"],
  [13, "full"],
  [26, "corrupt"],
]);

/** Runs `work` and turns what SQLite throws into `LedgerUnavailable`. Any other error is a bug and passes unchanged. */
export function onSqlite<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toLedgerError(error);
  }
}

/** `LedgerUnavailable` for an error of SQLite; anything else as it is. */
export function toLedgerError(error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "ERR_SQLITE_ERROR") return error;
  const resultCode = "errcode" in error && typeof error.errcode === "number" ? error.errcode : 0;
  // The low byte is the primary code; the rest tells kinds of it apart.
  const reason = REASONS.get(resultCode & 0xff) ?? "io";
  return new LedgerUnavailable(reason, `SQLite result code ${resultCode}, ${error.message}`, { cause: error });
}
