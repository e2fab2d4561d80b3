import type { Admit } from "../pacing/pacer.ts";

/** The ids that Gmail gave a draft. */
export interface CreatedDraft {
  /** Stays the same however often a person edits the draft. */
  readonly draftId: string;
  /** Changes with each edit. */
  readonly messageId: string;
  readonly threadId: string;
}

/** What a draft is made of. */
export interface DraftContent {
  /** A complete RFC 5322 message. */
  readonly mime: Buffer;
  /** The thread that it joins; null for one of its own. */
  readonly threadId: string | null;
}

/** Whether a draft id belongs to a request that is accounted for. */
export type IsKnownDraft = (draftId: string) => Promise<boolean> | boolean;

/** A draft that carries a request's X-Draftmill-Id, as it is now. */
export interface MarkedDraft extends CreatedDraft {
  /** Its Subject header; null when it has none. */
  readonly subject: string | null;
}

/**
 * Drafts in users' mailboxes. There is no way to send one or to change one. Every failure is a `DraftError`;
 * every call that leaves the process has a deadline of its own, and none starts once the signal has aborted.
 */
export interface Gmail {
  /**
   * Has an access token for the mailbox ready, so that a failure of identity or delegation shows before anything is
   * claimed. The other methods see to it themselves when this was not called.
   */
  prepare(mailbox: string, signal: AbortSignal): Promise<void>;

  /**
   * Makes one draft, by one POST that no layer repeats. (Only a 401, which proves that nothing was made, is followed by
   * a second one, with a new token.) A failure's `applied` says whether the draft may exist nevertheless.
   *
   * `beforeLeaving` runs synchronously right before each POST leaves, when all waiting for tokens is over. It throws a
   * `DraftError` to keep the POST back, and that is thrown on.
   */
  createDraft(
    mailbox: string,
    content: DraftContent,
    signal: AbortSignal,
    beforeLeaving?: () => void,
  ): Promise<CreatedDraft>;

  /**
   * Looks for the draft whose X-Draftmill-Id is this request's id, newest first. Drafts that `isKnown` belong to other
   * requests and are not opened. It changes nothing, so its failures have `applied: "no"`. A claim's lease is short, so it
   * does not wait for the mailbox's turn; what it costs is counted.
   */
  findDraft(
    mailbox: string,
    requestId: string,
    isKnown: IsKnownDraft,
    signal: AbortSignal,
  ): Promise<CreatedDraft | null>;

  /**
   * Every draft whose X-Draftmill-Id is this request's id, newest first, looked for like `findDraft`, but in the mailbox's
   * turn, for which each call is admitted.
   */
  markedDrafts(
    mailbox: string,
    requestId: string,
    isKnown: IsKnownDraft,
    admit: Admit,
    signal: AbortSignal,
  ): Promise<readonly MarkedDraft[]>;

  /** Every draft of the mailbox, by its id, with the id of its message as it is now. Each call is admitted first. */
  listDrafts(mailbox: string, admit: Admit, signal: AbortSignal): Promise<ReadonlyMap<string, string>>;

  /**
   * Deletes a draft for good, unless it is gone already. The call is admitted first. A failure's `applied` says whether it may be
   * deleted nevertheless.
   */
  deleteDraft(mailbox: string, draftId: string, admit: Admit, signal: AbortSignal): Promise<"deleted" | "gone">;

  /** Asks for a new token and for one draft of the list: resolves when Google serves this mailbox. */
  probe(mailbox: string, signal: AbortSignal): Promise<void>;
}
