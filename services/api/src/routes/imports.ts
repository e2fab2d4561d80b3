import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { BATCHES } from "@draftmill/shared/batch/batch.ts";
import { RECORD_TTL_MS } from "@draftmill/shared/contract/draft-record.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import multipart from "@fastify/multipart";
import type { FastifyInstance } from "fastify";
import { readIdempotencyKey } from "../accept-draft.ts";
import { errorsCsv } from "../imports/errors-csv.ts";
import { FILE_BYTES_MAX } from "../imports/file-row.ts";
import { IMPORT_REPORT_SCHEMA, viewReport } from "../imports/import-view.ts";
import { readTraceparent } from "../request-event.ts";
import type { SubmitDeps } from "../submit-draft.ts";

/** The query of POST /v1/imports. */
export const IMPORT_QUERY_SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    dryRun: { type: "boolean", default: false, description: "Only say what it would do." },
    recentDays: {
      type: "integer",
      minimum: 0,
      maximum: RECORD_TTL_MS / 86_400_000,
      default: RECORD_TTL_MS / 86_400_000,
      description: "Of a dry run: warn of recipients who were drafted to in so many days; 0 for not at all.",
    },
    import: {
      type: "string",
      maxLength: 12_000,
      description: "The ImportOrder as JSON, when the body is the file alone.",
    },
  },
};

async function importing() {
  const [{ dryRun }, { importSource }, { RecentRecipients }, { runImport }] = await Promise.all([
    import("../imports/dry-run.ts"),
    import("../imports/import-source.ts"),
    import("../imports/recent-recipients.ts"),
    import("../imports/run-import.ts"),
  ]);
  return { dryRun, importSource, RecentRecipients, runImport };
}

/** As long as the rest of a file that nobody wants may take. */
const DROP_WITHIN_MS = 30_000;

/**
 * Reads what is left of a file and drops it. A caller that is still writing would lose the answer with the connection, and be told of a
 * broken pipe.
 */
function dropRest(file: IncomingMessage): void {
  if (file.complete) return;
  file.unpipe();
  file.removeAllListeners("readable");
  file.resume();
  const timer = setTimeout(() => file.destroy(), DROP_WITHIN_MS).unref();
  const clear = (): void => clearTimeout(timer);
  file.once("end", clear).once("close", clear);
}

/** Files of many requests, and what was wrong with their rows. */
export function registerImports(
  app: FastifyInstance,
  deps: SubmitDeps & { readonly unitsPerMinute: number; readonly stopping: AbortSignal },
): void {
  const { ledger, unitsPerMinute, stopping } = deps;
  void app.register((files, _options, done) => {
    files.removeAllContentTypeParsers();
    files.addContentTypeParser(["text/csv", "application/x-ndjson"], (_request, payload, ready) =>
      ready(null, payload),
    );
    void files.register(multipart, { limits: { files: 1, fields: 1, fieldSize: 1_500_000, fileSize: FILE_BYTES_MAX } });
    files.post<{ Querystring: { dryRun: boolean; recentDays: number; import?: string } }>(
      "/v1/imports",
      {
        bodyLimit: FILE_BYTES_MAX,
        config: { needs: "submit", readsFile: true },
        schema: {
          querystring: IMPORT_QUERY_SCHEMA,
          response: { 200: IMPORT_REPORT_SCHEMA, 202: IMPORT_REPORT_SCHEMA },
        },
      },
      async (request, reply) => {
        const { access } = request;
        try {
          // With their parsers and templates, which a start need not pay for.
          const { dryRun, importSource, RecentRecipients, runImport } = await importing();
          const source = await importSource(request, stopping);
          if (request.query.dryRun) {
            const checking = { ...source, rules: { ...deps, access } };
            const { recentDays: days } = request.query;
            const column = source.order.map.to ?? "to";
            const recent = new RecentRecipients({ ledger, clock: deps.clock, access, days, column });
            const { report, previews, warnings } = await dryRun(source.rows, checking, recent, deps.clock.nowMs());
            const looked = { previews, warnings, recentlyDrafted: recent.rows };
            return reply.code(200).send(viewReport(null, report, { unitsPerMinute, looked }));
          }
          const { batch, report } = await runImport(deps, {
            ...source,
            access,
            route: `${request.method} ${request.routeOptions.url}`,
            idempotencyKey: readIdempotencyKey(request.headers["idempotency-key"]),
            traceparent: readTraceparent(request.headers.traceparent),
          });
          request.event.id = batch.id;
          return reply
            .code(202)
            .header("location", `/v1/batches/${batch.id}`)
            .send(viewReport(batch, report, { unitsPerMinute, looked: null }));
        } catch (error) {
          dropRest(request.raw);
          throw error;
        }
      },
    );
    done();
  });

  app.get<{ Params: { id: string } }>(
    "/v1/batches/:id/errors",
    { config: { needs: "submit" } },
    async (request, reply) => {
      const { access, params } = request;
      const batch = await ledger.documents(BATCHES).get(params.id);
      if (batch === null || !(access.mayOperate || batch.caller === access.caller))
        throw new DraftError("BATCH_NOT_FOUND");
      request.event.id = batch.id;
      reply.header("content-disposition", 'attachment; filename="errors.csv"').type("text/csv; charset=utf-8");
      return reply.send(Readable.from(errorsCsv(ledger, batch)));
    },
  );
}
