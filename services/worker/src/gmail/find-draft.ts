import { DraftError } from "@draftmill/shared/errors.ts";
import type { gmail_v1 } from "googleapis/build/src/apis/gmail/index.js";
import type { CallGmail } from "./call-gmail.ts";
import { draftIdsOf } from "./draft-ids.ts";
import type { DraftMarkers } from "./draft-markers.ts";
import type { DraftsResource } from "./drafts-resource.ts";
import type { CreatedDraft, IsKnownDraft } from "./gmail-port.ts";

export interface FindDraftDeps {
  readonly call: CallGmail;
  readonly drafts: DraftsResource;
  readonly markers: DraftMarkers;
  /** Most drafts that one search opens. */
  readonly openMax: number;
}

export interface Search {
  readonly mailbox: string;
  readonly requestId: string;
  readonly isKnown: IsKnownDraft;
  readonly signal: AbortSignal;
}

/** The most that drafts.list gives at once: https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/list */
const PAGE_SIZE = 500;
/** Bounds a search in a mailbox full of drafts that are all accounted for. */
const PAGES_MAX = 20;
/** Gmail refuses a user's calls when too many run at once, from about 60 on; the rest is for people. */
const OPENED_AT_ONCE = 4;

/**
 * Goes through the mailbox's drafts, newest first as Gmail lists them, and opens those that nobody accounts for until
 * one carries the request's id. Without a search term: Gmail's index lags behind and does not cover this header.
 * A miss means: not among the newest `openMax` strangers.
 */
export async function findDraft(deps: FindDraftDeps, search: Search): Promise<CreatedDraft | null> {
  let opened = 0;
  let pageToken: string | undefined;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await listPage(deps, search, pageToken);
    const strangers: CreatedDraft[] = [];
    for (const draft of page.drafts ?? []) {
      const ids = draftIdsOf(draft);
      if (ids !== null && !(await search.isKnown(ids.draftId))) strangers.push(ids);
    }
    for (let at = 0; at < strangers.length; at += OPENED_AT_ONCE) {
      if (opened >= deps.openMax) return null;
      const few = strangers.slice(at, at + Math.min(OPENED_AT_ONCE, deps.openMax - opened));
      opened += few.length;
      const markers = await Promise.all(few.map((ids) => markerOf(deps, search, ids.draftId)));
      const found = few[markers.indexOf(search.requestId)];
      if (found !== undefined) return found;
    }
    pageToken = page.nextPageToken ?? undefined;
    if (pageToken === undefined) return null;
  }
  return null;
}

function listPage(
  { call, drafts }: FindDraftDeps,
  { mailbox, signal }: Search,
  pageToken: string | undefined,
): Promise<gmail_v1.Schema$ListDraftsResponse> {
  const token = pageToken === undefined ? {} : { pageToken };
  return call({
    operation: "drafts.list",
    mailbox,
    signal,
    invoke: (auth, options) => drafts.list({ auth, userId: "me", maxResults: PAGE_SIZE, ...token }, options),
  });
}

/** The request id that a draft carries; null when it carries none or is gone. */
async function markerOf(
  { call, drafts, markers }: FindDraftDeps,
  { mailbox, signal }: Search,
  draftId: string,
): Promise<string | null> {
  const seen = markers.get(mailbox, draftId);
  if (seen !== undefined) return seen;
  try {
    const draft = await call({
      operation: "drafts.get",
      mailbox,
      signal,
      invoke: (auth, options) => drafts.get({ auth, userId: "me", id: draftId, format: "metadata" }, options),
    });
    const marker = headerOf(draft.message?.payload, "x-draftmill-id");
    markers.set(mailbox, draftId, marker);
    return marker;
  } catch (error) {
    // Sent or thrown away since the list was made.
    if (error instanceof DraftError && error.code === "THREAD_NOT_FOUND") return null;
    throw error;
  }
}

function headerOf(part: gmail_v1.Schema$MessagePart | undefined, name: string): string | null {
  return part?.headers?.find((header) => header.name?.toLowerCase() === name)?.value ?? null;
}
