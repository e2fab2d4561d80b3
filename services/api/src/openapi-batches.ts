import { BATCH_ACTIONS, type BatchAction } from "@draftmill/shared/batch/control-batch.ts";
import { RESULT_COLUMNS } from "./batches/result-format.ts";
import { json, queryParameters, ref } from "./openapi-parts.ts";
import { OPERATING_CODES, problems, READING_CODES, SUBMISSION_CODES } from "./openapi-problems.ts";
import { RESULTS_QUERY_SCHEMA } from "./routes/batch-results.ts";
import { BATCHES_QUERY_SCHEMA } from "./routes/batches.ts";
import { IMPORT_QUERY_SCHEMA } from "./routes/imports.ts";

const SECURITY = [{ identityToken: [] }, {}];

const ACTIONS: Readonly<Record<BatchAction, string>> = {
  pause: "Set the batch's requests aside from now on",
  resume: "Let a paused batch go on",
  cancel: "End what is not made yet; drafts that exist stay",
  undo: "Cancel the batch and delete its drafts that nobody has worked on",
};

/** The routes of batches, as the document tells them. */
export const BATCH_PATHS = {
  "/v1/batches": {
    post: {
      operationId: "queueBatch",
      summary: "Queue up to 1,000 drafts at once",
      description:
        "In mode strict, the default, one item at fault keeps all of them back, and every fault of every item is told.",
      security: SECURITY,
      parameters: [ref("parameters", "idempotencyKey")],
      requestBody: { required: true, content: { "application/json": { schema: ref("schemas", "BatchOrder") } } },
      responses: {
        202: json("The drafts are promised; their messages are stored.", "AcceptedBatch"),
        ...problems([...SUBMISSION_CODES, "BATCH_INVALID"]),
      },
    },
    get: {
      operationId: "listBatches",
      summary: "List batches, newest first",
      security: SECURITY,
      parameters: queryParameters(BATCHES_QUERY_SCHEMA),
      responses: { 200: json("A page of batches.", "BatchPage"), ...problems(OPERATING_CODES) },
    },
  },
  "/v1/imports": {
    post: {
      operationId: "importFile",
      summary: "Queue a draft for each row of a file",
      description:
        "CSV with a header line, or JSON lines; UTF-8, up to 100,000 rows, worked off as it arrives. As multipart/form-data with the parts `import` (an ImportOrder) and `file`, in this order; or the file as the body and the ImportOrder in the query. Rows at fault are kept back and told. A row that was queued before, by its dedupeKey or else by its name, mailbox and content, makes no second draft; a file that was cut off goes on under its Idempotency-Key.",
      security: SECURITY,
      parameters: [...queryParameters(IMPORT_QUERY_SCHEMA), ref("parameters", "idempotencyKey")],
      requestBody: {
        required: true,
        content: {
          "multipart/form-data": {
            schema: {
              type: "object",
              required: ["file"],
              properties: { import: ref("schemas", "ImportOrder"), file: { type: "string", format: "binary" } },
            },
          },
          "text/csv": {},
          "application/x-ndjson": {},
        },
      },
      responses: {
        200: json("A dry run: what it would do.", "ImportReport"),
        202: json("The drafts are promised; their messages are stored.", "ImportReport"),
        ...problems([
          ...SUBMISSION_CODES,
          "IMPORT_INVALID",
          "IMPORT_UNREADABLE",
          "IMPORT_UNDER_WAY",
          "IMPORT_CHANGED",
          "REQUEST_INCOMPLETE",
        ]),
      },
    },
  },
  "/v1/batches/{id}/errors": {
    get: {
      operationId: "getRejectedRows",
      summary: "The rows of an import that were at fault, as a CSV file that can be corrected and imported again",
      security: SECURITY,
      parameters: [ref("parameters", "id")],
      responses: {
        200: {
          description: "The rows, with two columns more: the row's number and what is wrong.",
          content: { "text/csv": {} },
        },
        ...problems(["BATCH_NOT_FOUND", ...READING_CODES]),
      },
    },
  },
  "/v1/batches/{id}/results": {
    get: {
      operationId: "getBatchResults",
      summary: "What became of each request of a batch, as a file",
      description:
        "Newest first, written as fast as it is read. Requests that no worker has met yet are not on record and not in it: the batch counts them as queued. Rows of an import that were at fault are at /errors.",
      security: SECURITY,
      parameters: [ref("parameters", "id"), ...queryParameters(RESULTS_QUERY_SCHEMA)],
      responses: {
        200: {
          description: "The requests, whole as long as the answer ends as HTTP says.",
          content: {
            "text/csv": {
              schema: {
                type: "string",
                description: `RFC 4180 in UTF-8 with a byte order mark and a header line. The columns: ${RESULT_COLUMNS.join(", ")}; \`code\`, \`detail\` and \`remedy\` are those of the problem, \`metadata\` is JSON. A cell that a spreadsheet would take for a formula has an apostrophe in front.`,
              },
            },
            "application/x-ndjson": { schema: ref("schemas", "Draft") },
          },
        },
        ...problems(["BATCH_NOT_FOUND", ...READING_CODES]),
      },
    },
  },
  "/v1/batches/{id}": {
    get: {
      operationId: "getBatch",
      summary: "How far a batch has come",
      description: "For an operator, and for the caller who handed it in.",
      security: SECURITY,
      parameters: [ref("parameters", "id")],
      responses: { 200: json("The batch.", "Batch"), ...problems(["BATCH_NOT_FOUND", ...READING_CODES]) },
    },
  },
  ...Object.fromEntries(
    BATCH_ACTIONS.map((action) => [
      `/v1/batches/{id}/${action}`,
      {
        post: {
          operationId: `${action}Batch`,
          summary: ACTIONS[action],
          description: "The workers know it within seconds. Repeating it does no harm.",
          security: SECURITY,
          parameters: [ref("parameters", "id")],
          responses: {
            202: json("The batch as it is now.", "Batch"),
            ...problems(["BATCH_NOT_FOUND", "BATCH_CANCELED", ...READING_CODES]),
          },
        },
      },
    ]),
  ),
};
