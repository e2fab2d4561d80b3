import { BATCHES, type Batch } from "@draftmill/shared/batch/batch.ts";
import { BATCH_ACTIONS, controlBatch } from "@draftmill/shared/batch/control-batch.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { readIdempotencyKey } from "../accept-draft.ts";
import { type BatchProgress, progressOf } from "../batches/batch-progress.ts";
import { BATCH_SUMMARY_SCHEMA, BATCH_VIEW_SCHEMA, viewBatch, viewBatchSummary } from "../batches/batch-view.ts";
import { readBatch } from "../batches/read-batch.ts";
import { submitBatch } from "../batches/submit-batch.ts";
import { readTraceparent } from "../request-event.ts";
import type { SubmitDeps } from "../submit-draft.ts";
import { registerBatchResults } from "./batch-results.ts";

/** The query of GET /v1/batches. */
export const BATCHES_QUERY_SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    cursor: { type: "string", minLength: 1, maxLength: 512, description: "`nextCursor` of the page before." },
    limit: { type: "integer", minimum: 1, maximum: 200, default: 50, description: "The most items of a page." },
  },
};

export const BATCH_PAGE_SCHEMA = {
  title: "BatchPage",
  type: "object",
  additionalProperties: false,
  required: ["items", "nextCursor"],
  properties: {
    items: { type: "array", items: BATCH_SUMMARY_SCHEMA, description: "Newest first." },
    nextCursor: { type: ["string", "null"], description: "Null on the last page." },
  },
};

export const ACCEPTED_BATCH_SCHEMA = {
  title: "AcceptedBatch",
  type: "object",
  additionalProperties: false,
  required: ["id", "accepted", "rejected", "results"],
  properties: {
    id: { type: "string" },
    accepted: { type: "integer", description: "Requests that are queued." },
    rejected: { type: "integer", description: "Items that are at fault." },
    results: {
      type: "array",
      description: "One for each item, in their order.",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["index"],
        properties: {
          index: { type: "integer" },
          id: { type: "string", description: "What to ask GET /v1/drafts/{id} for." },
          repeats: { type: "integer", description: "The item whose dedupeKey and content it has: one draft for both." },
          errors: { type: "array", items: { type: "object", additionalProperties: true } },
        },
      },
    },
  },
};

/** As much as Pub/Sub takes in one publish. */
const BODY_LIMIT_BYTES = 10 * 1024 * 1024;

type BatchRequest = Pick<FastifyRequest<{ Params: { id: string } }>, "params" | "access" | "event">;

export interface BatchRoutesDeps extends SubmitDeps {
  readonly unitsPerMinute: number;
}

/** Many requests at once, what becomes of them, and what is done with them as a whole. */
export function registerBatches(app: FastifyInstance, deps: BatchRoutesDeps): void {
  const { ledger, clock, unitsPerMinute } = deps;
  const batches = ledger.documents(BATCHES);
  const progress = (batch: Batch): Promise<BatchProgress> =>
    progressOf(ledger, batch, { unitsPerMinute, nowMs: clock.nowMs() });
  /** That there is a batch is nothing to whoever may not see it. */
  const readable = async ({ params, access, event }: BatchRequest): Promise<Batch> => {
    const batch = await batches.get(params.id);
    if (batch === null || !(access.mayOperate || batch.caller === access.caller))
      throw new DraftError("BATCH_NOT_FOUND");
    event.id = batch.id;
    return batch;
  };

  app.post(
    "/v1/batches",
    { bodyLimit: BODY_LIMIT_BYTES, config: { needs: "submit" }, schema: { response: { 202: ACCEPTED_BATCH_SCHEMA } } },
    async (request, reply) => {
      const { access } = request;
      const idempotencyKey = readIdempotencyKey(request.headers["idempotency-key"]);
      const read = readBatch(request.body, { ...deps, access, isKeyed: idempotencyKey !== null });
      request.body = undefined;
      const { batch, results, replayed } = await submitBatch(deps, {
        read,
        access,
        route: `${request.method} ${request.routeOptions.url}`,
        idempotencyKey,
        traceparent: readTraceparent(request.headers.traceparent),
      });
      request.event.id = batch.id;
      request.event.replayed = replayed;
      if (replayed) reply.header("idempotency-replayed", "true");
      const { id, total: accepted, rejected } = batch;
      return reply.code(202).header("location", `/v1/batches/${id}`).send({ id, accepted, rejected, results });
    },
  );

  app.get<{ Querystring: { limit: number; cursor?: string } }>(
    "/v1/batches",
    { schema: { querystring: BATCHES_QUERY_SCHEMA, response: { 200: BATCH_PAGE_SCHEMA } } },
    async ({ query }) => {
      const { items, nextCursor } = await batches.list(query.limit, query.cursor);
      return { items: items.map(viewBatchSummary), nextCursor };
    },
  );

  app.get<{ Params: { id: string } }>(
    "/v1/batches/:id",
    { config: { needs: "submit" }, schema: { response: { 200: BATCH_VIEW_SCHEMA } } },
    async (request) => viewBatch(await progress(await readable(request))),
  );

  registerBatchResults(app, ledger, readable);

  for (const action of BATCH_ACTIONS) {
    app.post<{ Params: { id: string } }>(
      `/v1/batches/:id/${action}`,
      { config: { needs: "submit" }, schema: { response: { 202: BATCH_VIEW_SCHEMA } } },
      async (request, reply) => {
        const { id } = await readable(request);
        const batch = await controlBatch(ledger, id, action);
        return reply.code(202).send(viewBatch(await progress(batch)));
      },
    );
  }
}
