/** What an error body may speak of. */
export interface Scene {
  readonly projectNumber: string;
  readonly serviceAccount: string;
  readonly unitsPerMinute: number;
  readonly nowMs: number;
  readonly mailbox?: string | undefined;
  /** The one word or sentence that varies: a header's name, a path, a user id. */
  readonly detail?: string | undefined;
  readonly quotaWindowStartMs?: number | undefined;
  readonly retryAfterMs?: number | undefined;
}
