import type { Clock } from "@draftmill/shared/clock.ts";
import type { FastifyPluginCallback, FastifyRequest } from "fastify";
import type { Answer } from "../answer.ts";
import { Refusal } from "../google-error.ts";
import { bodyBytes, pathValue, queryValue } from "../request-values.ts";
import type { Caller } from "./caller.ts";
import { type DraftInput, parseDraftBody } from "./draft-body.ts";
import { createdDraft, DRAFT_FORMATS, draftResource, listedDraft } from "./draft-resource.ts";
import type { DraftContent, DraftEntry, DraftStore, StoredDraft } from "./draft-store.ts";
import { type GmailMethodParts, gmailMethod } from "./gmail-method.ts";
import type { ListLag } from "./list-lag.ts";
import type { GmailMethodName } from "./methods.ts";
import { savedMessage, withoutMarker } from "./saved-message.ts";
import { LARGEST_UPLOAD_BYTES, parseUpload } from "./upload.ts";
import { assertRecipients } from "./validate-raw.ts";

export interface DraftsParts extends GmailMethodParts {
  readonly store: DraftStore;
  readonly listLag: ListLag;
  readonly clock: Clock;
  readonly projectNumber: string;
}

// Observed: a JSON body is refused with 413 somewhere above 5 to 6.5 MB. Here: 5 MiB of message in base64.
const LARGEST_JSON_BYTES = Math.ceil((5 * 1024 * 1024 * 4) / 3) + 64 * 1024;
const MULTIPART_FRAME_BYTES = 64 * 1024;
const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 500;

/** https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts, all but send. */
export function draftsRoutes(parts: DraftsParts): FastifyPluginCallback {
  const { store } = parts;
  const route = (name: GmailMethodName, work: (request: FastifyRequest, caller: Caller) => Answer) =>
    gmailMethod(parts, name, work);

  return (app, _options, done) => {
    const drafts = "/gmail/v1/users/:userId/drafts";
    const json = { bodyLimit: LARGEST_JSON_BYTES };
    app.get(drafts, route("drafts.list", list));
    app.post(
      drafts,
      json,
      route("drafts.create", (request, caller) => create(caller, parseJsonDraft(request))),
    );
    app.get(`${drafts}/:id`, route("drafts.get", get));
    app.put(
      `${drafts}/:id`,
      json,
      route("drafts.update", (request, caller) => update(request, caller, parseJsonDraft(request))),
    );
    app.delete(`${drafts}/:id`, route("drafts.delete", remove));

    const upload = { bodyLimit: LARGEST_UPLOAD_BYTES + MULTIPART_FRAME_BYTES };
    app.post(
      `/upload${drafts}`,
      upload,
      route("drafts.create", (request, caller) => create(caller, parseUpload(request))),
    );
    app.put(
      `/upload${drafts}/:id`,
      upload,
      route("drafts.update", (request, caller) => update(request, caller, parseUpload(request))),
    );
    done();
  };

  function create({ mailbox }: Caller, input: DraftInput): Answer {
    return ok(createdDraft(store.create(mailbox, contentOf(mailbox, input))));
  }

  function update(request: FastifyRequest, { mailbox }: Caller, input: DraftInput): Answer {
    const id = pathValue(request.params, "id");
    if (store.find(mailbox, id) === undefined) throw new Refusal("notFound");
    return ok(createdDraft(found(store.update(mailbox, id, contentOf(mailbox, input)))));
  }

  function get(request: FastifyRequest, { mailbox }: Caller): Answer {
    const wanted = queryValue(request.query, "format")?.toLowerCase() ?? "full";
    const format = DRAFT_FORMATS.find((known) => known === wanted);
    if (format === undefined) {
      throw new Refusal("invalidPayload", {
        detail: `Invalid value at 'format' (type.googleapis.com/gmail.Format), "${wanted}"`,
      });
    }
    const draft = found(store.find(mailbox, pathValue(request.params, "id")));
    return ok(draftResource(draft, format));
  }

  function remove(request: FastifyRequest, { mailbox }: Caller): Answer {
    if (!store.delete(mailbox, pathValue(request.params, "id"))) throw new Refusal("notFound");
    return { status: 204 };
  }

  function list(request: FastifyRequest, { mailbox }: Caller): Answer {
    const query = queryValue(request.query, "q")?.trim() ?? "";
    const limit = pageSize(queryValue(request.query, "maxResults"));
    const before = pageStart(queryValue(request.query, "pageToken"));
    const untilMs = parts.listLag.listedUntilMs(mailbox);
    const matching =
      query === ""
        ? store.list(mailbox, limit + 1, { before, untilMs })
        : search(mailbox, query).filter(({ createdAtMs }) => createdAtMs <= untilMs);
    const page = matching.slice(0, limit);
    const last = page.at(-1);
    return ok({
      // Google leaves an empty list out.
      ...(page.length === 0 ? {} : { drafts: page.map(listedDraft) }),
      ...(matching.length > limit && last !== undefined ? { nextPageToken: String(last.revision) } : {}),
      resultSizeEstimate: query === "" ? store.count(mailbox) : matching.length,
    });
  }

  /** Only what can be answered truly without a search index: the Message-ID that was assigned here. */
  function search(mailbox: string, query: string): readonly DraftEntry[] {
    const id = /^rfc822msgid:(\S+)$/i.exec(query)?.[1];
    if (id === undefined) {
      throw new Refusal("invalidArgument", {
        detail: `The sandbox searches by rfc822msgid: alone; it cannot answer q=${query}`,
      });
    }
    return store.findByRfc822MessageId(mailbox, `<${id.replace(/^<|>$/g, "")}>`);
  }

  /** Neither the subject nor In-Reply-To is looked at: reported is that Gmail takes the id's word for it. */
  function assertThread(mailbox: string, threadId: string): void {
    if (!/^[0-9a-f]{1,16}$/i.test(threadId)) throw new Refusal("invalidThreadId");
    if (!store.hasThread(mailbox, threadId)) throw new Refusal("notFound");
  }

  function contentOf(mailbox: string, input: DraftInput): DraftContent {
    if (input.raw === undefined) throw new Refusal("missingDraft");
    const aliases = parts.workspace.aliasesOf(mailbox);
    const isSender = (address: string) => aliases === undefined || [mailbox, ...aliases].includes(address);
    const raw = parts.workspace.markersDropped ? withoutMarker(input.raw) : input.raw;
    const saved = savedMessage(raw, { mailbox, isSender }, parts.projectNumber, parts.clock.nowMs());
    assertRecipients(saved.raw);
    if (input.threadId !== undefined) assertThread(mailbox, input.threadId);
    return { ...saved, threadId: input.threadId };
  }
}

function parseJsonDraft(request: FastifyRequest): DraftInput {
  return parseDraftBody(bodyBytes(request.body).toString());
}

function ok(body: object): Answer {
  return { status: 200, body };
}

function found(draft: StoredDraft | undefined): StoredDraft {
  if (draft === undefined) throw new Refusal("notFound");
  return draft;
}

function pageSize(value: string | undefined): number {
  if (value === undefined) return DEFAULT_PAGE;
  const size = Number(value);
  if (!Number.isInteger(size) || size < 0) {
    throw new Refusal("invalidPayload", { detail: `Invalid value at 'max_results' (TYPE_UINT32), "${value}"` });
  }
  return Math.min(size === 0 ? DEFAULT_PAGE : size, LARGEST_PAGE);
}

function pageStart(value: string | undefined): number | undefined {
  if (value === undefined || value === "") return undefined;
  if (!/^\d{1,15}$/.test(value)) throw new Refusal("invalidArgument", { detail: "Invalid pageToken" });
  return Number(value);
}
