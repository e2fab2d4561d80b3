import { Readable } from "node:stream";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { gmail_v1 } from "googleapis/build/src/apis/gmail/index.js";
import { type CallGmailDeps, createCallGmail, haveToken } from "./call-gmail.ts";
import { draftIdsOf } from "./draft-ids.ts";
import { createDraftMarkers } from "./draft-markers.ts";
import type { DraftsResource } from "./drafts-resource.ts";
import { findDraft, isGone, listDrafts, markedDrafts } from "./find-draft.ts";
import type { DraftContent, Gmail } from "./gmail-port.ts";

export interface GmailClientDeps extends CallGmailDeps {
  readonly drafts: DraftsResource;
  /** Most drafts that one search opens. */
  readonly findMax: number;
}

/**
 * From here on a message goes as an upload, which takes 35 MiB. Google advises uploads past 5 MB
 * (https://developers.google.com/workspace/gmail/api/guides/uploads), and base64 makes 4 of these 3.
 */
const UPLOAD_FROM_BYTES = 3_000_000;
/** About 10 MB when full. */
const MARKERS_MAX = 50_000;

/** The Gmail API over googleapis, always as the mailbox's own user ("me"). */
export function createGmailClient(deps: GmailClientDeps): Gmail {
  const { drafts, clients, findMax } = deps;
  const call = createCallGmail(deps);
  const finding = { call, drafts, markers: createDraftMarkers(MARKERS_MAX), openMax: findMax };
  return {
    prepare: (mailbox, signal) => haveToken(clients.clientFor(mailbox), signal),

    async createDraft(mailbox, content, signal, beforeLeaving) {
      const draft = await call({
        operation: "drafts.create",
        mailbox,
        signal,
        beforeLeaving,
        invoke: (auth, options) => drafts.create({ auth, userId: "me", ...bodyOf(content) }, options),
      });
      const ids = draftIdsOf(draft);
      if (ids !== null) return ids;
      throw new DraftError("GMAIL_UNAVAILABLE", { applied: "unknown", reason: "Gmail's answer names no draft" });
    },

    findDraft: (mailbox, requestId, isKnown, signal) => findDraft(finding, { mailbox, requestId, isKnown, signal }),

    markedDrafts: (mailbox, requestId, isKnown, admit, signal) =>
      markedDrafts(finding, { mailbox, requestId, isKnown, admit, signal }),

    listDrafts: (mailbox, admit, signal) => listDrafts(finding, mailbox, admit, signal),

    async deleteDraft(mailbox, draftId, admit, signal) {
      try {
        await call({
          operation: "drafts.delete",
          mailbox,
          signal,
          admit,
          invoke: (auth, options) => drafts.delete({ auth, userId: "me", id: draftId }, options),
        });
        return "deleted";
      } catch (error) {
        if (!isGone(error)) throw error;
        return "gone";
      }
    },

    async probe(mailbox, signal) {
      // What was refused may be remembered with the token.
      clients.forget(clients.clientFor(mailbox));
      await call({
        operation: "drafts.list",
        mailbox,
        signal,
        invoke: (auth, options) => drafts.list({ auth, userId: "me", maxResults: 1 }, options),
      });
    },
  };
}

function bodyOf({
  mime,
  threadId,
}: DraftContent): Pick<gmail_v1.Params$Resource$Users$Drafts$Create, "requestBody" | "media"> {
  const thread = threadId === null ? {} : { threadId };
  if (mime.length < UPLOAD_FROM_BYTES) {
    return { requestBody: { message: { raw: mime.toString("base64url"), ...thread } } };
  }
  return { requestBody: { message: thread }, media: { mimeType: "message/rfc822", body: Readable.from([mime]) } };
}
