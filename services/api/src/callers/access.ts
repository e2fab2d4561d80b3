import { mailboxNotAllowed, mayImpersonate } from "@draftmill/shared/contract/mailbox-policy.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { Caller } from "../auth/identity.ts";
import type { CallerEntry } from "./caller-policy.ts";

/** What an admitted call may do. */
export interface Access {
  readonly caller: Caller;
  /** May read everything and order replays. */
  readonly mayOperate: boolean;
  readonly draftsPerDay: number | null;
  mayDraftIn(mailbox: string): boolean;
}

/** Of every call where nobody is asked who calls. */
export const EVERYBODY: Access = { caller: null, mayOperate: true, draftsPerDay: null, mayDraftIn: () => true };

export function accessOf(caller: string, { role, mailboxes, draftsPerDay }: CallerEntry): Access {
  return {
    caller,
    mayOperate: role === "operate",
    draftsPerDay,
    mayDraftIn: (mailbox) => mayImpersonate(mailboxes, mailbox),
  };
}

/** Whether a call may read what became of drafts in this mailbox. */
export function mayRead(access: Access, mailbox: string): boolean {
  return access.mayOperate || access.mayDraftIn(mailbox);
}

/** Names the mailbox and the caller, as far as there is one, and nothing else. `pointer` is where the request names the mailbox. */
export function mailboxRefused({ caller }: Access, mailbox: string, pointer: string): DraftError {
  if (caller === null) return mailboxNotAllowed();
  const detail = `${caller} may not make drafts in ${mailbox}`;
  return new DraftError("MAILBOX_NOT_ALLOWED", { fields: [{ pointer, code: "mailboxNotAllowed", detail }] });
}
