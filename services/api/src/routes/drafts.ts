import { DRAFT_STATES, type DraftState } from "@draftmill/shared/contract/draft-record.ts";
import { ERROR_CODES } from "@draftmill/shared/error-codes.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { FastifyInstance } from "fastify";
import { acceptDraft, answerAccepted, type WaitDeps, waitAsPreferred } from "../accept-draft.ts";
import { mailboxRefused, mayRead } from "../callers/access.ts";
import { DRAFT_VIEW_SCHEMA, viewDraft } from "../draft-view.ts";
import { refuseWithGroupBy } from "../group-by.ts";
import { viewStates } from "../state-groups.ts";
import type { SubmitDeps } from "../submit-draft.ts";

const FILTERS = ["state", "mailbox", "code", "batch"] as const;

/** The query of GET /v1/drafts: filters that must all fit, and the page; or the grouping. */
export const LIST_QUERY_SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    groupBy: {
      type: "string",
      enum: ["state"],
      description: "Count all of them by this instead of listing them; without a filter or a cursor.",
    },
    state: { type: "string", enum: DRAFT_STATES, description: "Only requests in this state." },
    mailbox: { type: "string", minLength: 1, maxLength: 254, description: "Only drafts of this mailbox." },
    code: { type: "string", enum: Object.keys(ERROR_CODES), description: "Only requests that failed with this code." },
    batch: { type: "string", minLength: 1, maxLength: 128, description: "Only requests of this batch." },
    cursor: { type: "string", minLength: 1, maxLength: 512, description: "`nextCursor` of the page before." },
    limit: { type: "integer", minimum: 1, maximum: 200, default: 50, description: "The most items of a page." },
  },
};

interface ListParameters {
  readonly groupBy?: "state";
  readonly state?: DraftState;
  readonly mailbox?: string;
  readonly code?: string;
  readonly batch?: string;
  readonly cursor?: string;
  readonly limit: number;
}

export const PAGE_SCHEMA = {
  title: "DraftPage",
  type: "object",
  additionalProperties: false,
  required: ["items", "nextCursor"],
  properties: {
    items: { type: "array", items: DRAFT_VIEW_SCHEMA, description: "Newest first." },
    nextCursor: { type: ["string", "null"], description: "Null on the last page." },
  },
};

/** POST /v1/drafts and the reading of what became of it. */
export function registerDrafts(app: FastifyInstance, deps: SubmitDeps & WaitDeps): void {
  app.post(
    "/v1/drafts",
    { config: { needs: "submit" }, schema: { response: { 201: DRAFT_VIEW_SCHEMA } } },
    async (request, reply) => {
      const record = await acceptDraft(deps, request, reply, 0);
      return answerAccepted(reply, record, () =>
        reply.code(201).header("location", `/v1/drafts/${record.id}`).send(viewDraft(record)),
      );
    },
  );

  app.get<{ Params: { id: string } }>(
    "/v1/drafts/:id",
    { config: { needs: "submit" }, schema: { response: { 200: DRAFT_VIEW_SCHEMA } } },
    async (request, reply) => {
      const record = await deps.ledger.get(request.params.id);
      // One answer for both: that a draft exists is nothing to whoever may not read it.
      if (record === null || !mayRead(request.access, record.mailbox)) throw new DraftError("DRAFT_NOT_FOUND");
      request.event.id = record.id;
      return viewDraft(await waitAsPreferred(deps, request, reply, record, 0));
    },
  );

  app.get<{ Querystring: ListParameters }>(
    "/v1/drafts",
    { config: { needs: "submit" }, schema: { querystring: LIST_QUERY_SCHEMA, response: { 200: PAGE_SCHEMA } } },
    async ({ query: { groupBy, ...query }, access }, reply) => {
      const mailbox = query.mailbox?.toLowerCase();
      if ((mailbox === undefined || groupBy !== undefined) && !access.mayOperate) {
        throw new DraftError("ROLE_NOT_ALLOWED");
      }
      if (groupBy !== undefined) {
        refuseWithGroupBy(query, [...FILTERS, "cursor"]);
        // Past the route's schema, which is the page's: of two, Fastify would hold every answer against each.
        const groups = JSON.stringify(viewStates(await deps.ledger.countByState()));
        return reply.type("application/json; charset=utf-8").send(groups);
      }
      if (mailbox !== undefined && !mayRead(access, mailbox)) throw mailboxRefused(access, mailbox, "/query/mailbox");
      const { items, nextCursor } = await deps.ledger.list({ ...query, ...(mailbox === undefined ? {} : { mailbox }) });
      return { items: items.map(viewDraft), nextCursor };
    },
  );
}
