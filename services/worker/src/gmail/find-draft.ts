import { DraftError } from "@draftmill/shared/errors.ts";
import type { gmail_v1 } from "googleapis/build/src/apis/gmail/index.js";
import type { Admit } from "../pacing/pacer.ts";
import type { CallGmail } from "./call-gmail.ts";
import { draftIdsOf } from "./draft-ids.ts";
import type { DraftMarkers } from "./draft-markers.ts";
import type { DraftsResource } from "./drafts-resource.ts";
import type { CreatedDraft, IsKnownDraft, MarkedDraft } from "./gmail-port.ts";

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
  /** Waits before each call; none does where this is not given. */
  readonly admit?: Admit;
}

/** The most that drafts.list gives at once: https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/list */
const PAGE_SIZE = 500;
/** Bounds a search in a mailbox full of drafts that are all accounted for. */
const PAGES_MAX = 20;
/** Gmail refuses a user's calls when too many run at once, from about 60 on; the rest is for people. */
const OPENED_AT_ONCE = 4;

/**
 * The newest draft that carries the request's id. A miss means: not among the newest `openMax` strangers.
 */
export async function findDraft(deps: FindDraftDeps, search: Search): Promise<CreatedDraft | null> {
  for await (const found of draftsOfRequest(deps, search)) return found;
  return null;
}

/** All of them, each opened once more to see it as it is now. */
export async function markedDrafts(deps: FindDraftDeps, search: Search): Promise<readonly MarkedDraft[]> {
  const marked: MarkedDraft[] = [];
  for await (const { draftId } of draftsOfRequest(deps, search)) {
    const draft = await openDraft(deps, search, draftId);
    const ids = draft && draftIdsOf(draft);
    if (ids) marked.push({ ...ids, subject: headerOf(draft.message?.payload, "subject") });
  }
  return marked;
}

/**
 * Goes through the mailbox's drafts, newest first as Gmail lists them, and opens those that nobody accounts for. Without a
 * search term: Gmail's index lags behind and does not cover this header.
 */
async function* draftsOfRequest(deps: FindDraftDeps, search: Search): AsyncGenerator<CreatedDraft> {
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
      if (opened >= deps.openMax) return;
      const few = strangers.slice(at, at + Math.min(OPENED_AT_ONCE, deps.openMax - opened));
      opened += few.length;
      const markers = await Promise.all(few.map((ids) => markerOf(deps, search, ids.draftId)));
      yield* few.filter((_, index) => markers[index] === search.requestId);
    }
    pageToken = page.nextPageToken ?? undefined;
    if (pageToken === undefined) return;
  }
}

/** All of them, newest first, with the id of each one's message. */
export async function listDrafts(
  deps: FindDraftDeps,
  mailbox: string,
  admit: Admit,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const listed = new Map<string, string>();
  let pageToken: string | undefined;
  do {
    const page = await listPage(deps, { mailbox, signal, admit }, pageToken);
    for (const draft of page.drafts ?? []) {
      const ids = draftIdsOf(draft);
      if (ids !== null) listed.set(ids.draftId, ids.messageId);
    }
    pageToken = page.nextPageToken ?? undefined;
  } while (pageToken !== undefined);
  return listed;
}

function listPage(
  { call, drafts }: FindDraftDeps,
  { mailbox, signal, admit }: Pick<Search, "mailbox" | "signal" | "admit">,
  pageToken: string | undefined,
): Promise<gmail_v1.Schema$ListDraftsResponse> {
  const token = pageToken === undefined ? {} : { pageToken };
  return call({
    operation: "drafts.list",
    mailbox,
    signal,
    admit,
    invoke: (auth, options) => drafts.list({ auth, userId: "me", maxResults: PAGE_SIZE, ...token }, options),
  });
}

/** The request id that a draft carries; null when it carries none or is gone. */
async function markerOf(deps: FindDraftDeps, search: Search, draftId: string): Promise<string | null> {
  const seen = deps.markers.get(search.mailbox, draftId);
  if (seen !== undefined) return seen;
  const draft = await openDraft(deps, search, draftId);
  if (draft === null) return null;
  const marker = headerOf(draft.message?.payload, "x-draftmill-id");
  deps.markers.set(search.mailbox, draftId, marker);
  return marker;
}

/** Null for a draft that was sent or thrown away since the list was made. */
async function openDraft(
  { call, drafts }: FindDraftDeps,
  { mailbox, signal, admit }: Search,
  draftId: string,
): Promise<gmail_v1.Schema$Draft | null> {
  try {
    return await call({
      operation: "drafts.get",
      mailbox,
      signal,
      admit,
      invoke: (auth, options) => drafts.get({ auth, userId: "me", id: draftId, format: "metadata" }, options),
    });
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** Gmail's 404, which for a draft means that it is not there any more. */
export function isGone(error: unknown): boolean {
  return error instanceof DraftError && error.code === "THREAD_NOT_FOUND";
}

function headerOf(part: gmail_v1.Schema$MessagePart | undefined, name: string): string | null {
  return part?.headers?.find((header) => header.name?.toLowerCase() === name)?.value ?? null;
}
