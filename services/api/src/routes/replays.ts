import { DraftError } from "@draftmill/shared/errors.ts";
import { closeIncidentsFor } from "@draftmill/shared/incident/close-incidents.ts";
import { INCIDENTS } from "@draftmill/shared/incident/incident.ts";
import { newReplay, REPLAYS, type Replay } from "@draftmill/shared/replay/replay.ts";
import { parseReplayOrder } from "@draftmill/shared/replay/replay-order.ts";
import { runReplay } from "@draftmill/shared/replay/run-replays.ts";
import type { FastifyInstance } from "fastify";
import { estimateReplay, REPLAY_ESTIMATE_SCHEMA } from "../replay-estimate.ts";
import { REPLAY_SCHEMA, viewReplay } from "../replay-view.ts";
import type { SubmitDeps } from "../submit-draft.ts";

/** The query of GET /v1/replays. */
export const REPLAYS_QUERY_SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    cursor: { type: "string", minLength: 1, maxLength: 512, description: "`nextCursor` of the page before." },
    limit: { type: "integer", minimum: 1, maximum: 200, default: 50, description: "The most items of a page." },
  },
};

export const REPLAY_PAGE_SCHEMA = {
  title: "ReplayPage",
  type: "object",
  additionalProperties: false,
  required: ["items", "nextCursor"],
  properties: {
    items: { type: "array", items: REPLAY_SCHEMA, description: "Newest first." },
    nextCursor: { type: ["string", "null"], description: "Null on the last page." },
  },
};

export interface ReplayRoutesDeps extends SubmitDeps {
  readonly replayLeaseMs: number;
  /** Aborts when the service begins to stop: what is under way is left to whoever takes it up next. */
  readonly stopping: AbortSignal;
}

/** Orders to take failed requests up again. This process begins with an order at once; the worker's sweep goes on with what it leaves. */
export function registerReplays(app: FastifyInstance, deps: ReplayRoutesDeps): void {
  const { ledger, clock, log, stopping } = deps;
  const replays = ledger.documents(REPLAYS);
  const underWay = new Set<Promise<unknown>>();
  const start = (id: string): void => {
    const running = runReplay({ ...deps, replays }, id, stopping)
      .catch((error: unknown) => log.warn({ replay: id, err: error }, "replay.interrupted"))
      .finally(() => underWay.delete(running));
    underWay.add(running);
  };
  app.addHook("onClose", async () => {
    await Promise.all(underWay);
  });

  app.post(
    "/v1/replays",
    { schema: { response: { 200: REPLAY_ESTIMATE_SCHEMA, 202: REPLAY_SCHEMA } } },
    async (request, reply) => {
      const { filter, limit, dryRun } = parseReplayOrder(request.body);
      if (dryRun) return reply.code(200).send(await estimateReplay(ledger, filter, limit));
      const order = { id: deps.newId(), filter, limit, caller: request.access.caller };
      const replay = newReplay(order, clock.nowMs());
      await replays.create(replay);
      await closeIncidentsFor(ledger.documents(INCIDENTS), filter);
      start(replay.id);
      request.event.id = replay.id;
      return reply.code(202).header("location", `/v1/replays/${replay.id}`).send(viewReplay(replay));
    },
  );

  app.get<{ Querystring: { limit: number; cursor?: string } }>(
    "/v1/replays",
    { schema: { querystring: REPLAYS_QUERY_SCHEMA, response: { 200: REPLAY_PAGE_SCHEMA } } },
    async ({ query }) => {
      const { items, nextCursor } = await replays.list(query.limit, query.cursor);
      return { items: items.map(viewReplay), nextCursor };
    },
  );

  app.get<{ Params: { id: string } }>(
    "/v1/replays/:id",
    { schema: { response: { 200: REPLAY_SCHEMA } } },
    async ({ params }) => viewReplay(found(await replays.get(params.id))),
  );

  app.post<{ Params: { id: string } }>(
    "/v1/replays/:id/cancel",
    { schema: { response: { 200: REPLAY_SCHEMA } } },
    async ({ params }) => {
      const canceled = await replays.update(params.id, (replay, nowMs) =>
        replay.state === "running" ? { ...replay, state: "canceled", finishedAtMs: nowMs } : null,
      );
      if (found(canceled).state === "done") throw new DraftError("REPLAY_FINISHED");
      return viewReplay(found(canceled));
    },
  );
}

function found(replay: Replay | null): Replay {
  if (replay === null) throw new DraftError("REPLAY_NOT_FOUND");
  return replay;
}
