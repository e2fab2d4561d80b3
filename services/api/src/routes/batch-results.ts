import { Readable } from "node:stream";
import type { Batch } from "@draftmill/shared/batch/batch.ts";
import { DRAFT_STATES, type DraftRecord, type DraftState } from "@draftmill/shared/contract/draft-record.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { batchResults } from "../batches/batch-results.ts";
import {
  formatAccepted,
  RESULT_FORMATS,
  RESULT_TYPES,
  type ResultFormat,
  resultText,
} from "../batches/result-format.ts";

/** The query of GET /v1/batches/{id}/results. */
export const RESULTS_QUERY_SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    state: { type: "string", enum: DRAFT_STATES, description: "Only requests in this state." },
    format: { type: "string", enum: RESULT_FORMATS, description: "What Accept prefers unless given; CSV if neither." },
  },
};

interface ResultsParameters {
  readonly state?: DraftState;
  readonly format?: ResultFormat;
}

type ResultsRequest = FastifyRequest<{ Params: { id: string }; Querystring: ResultsParameters }>;

/** What became of each request of a batch, as a file that is written as fast as it is read. */
export function registerBatchResults(
  app: FastifyInstance,
  ledger: Pick<DraftLedger, "list">,
  readable: (request: ResultsRequest) => Promise<Batch>,
): void {
  app.get<{ Params: { id: string }; Querystring: ResultsParameters }>(
    "/v1/batches/:id/results",
    { config: { needs: "submit" }, schema: { querystring: RESULTS_QUERY_SCHEMA } },
    async (request, reply) => {
      const { id: batch } = await readable(request);
      const { access, query, headers } = request;
      const format = query.format ?? formatAccepted(headers.accept);
      const pages = batchResults(ledger, { batch, state: query.state, access });
      // Before the answer begins, which cannot become an error any more.
      const first = await pages.next();
      reply
        .type(RESULT_TYPES[format])
        .header("vary", "Accept")
        .header("content-disposition", `attachment; filename="results.${format}"`);
      return reply.send(Readable.from(resultText(startingWith(first, pages), format), { highWaterMark: 1 }));
    },
  );
}

async function* startingWith(
  first: IteratorResult<readonly DraftRecord[]>,
  rest: AsyncGenerator<readonly DraftRecord[]>,
): AsyncGenerator<readonly DraftRecord[]> {
  if (first.done !== true) yield first.value;
  yield* rest;
}
