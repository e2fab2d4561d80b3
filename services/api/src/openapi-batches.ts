import { BATCH_ACTIONS, type BatchAction } from "@draftmill/shared/batch/control-batch.ts";
import { json, queryParameters, ref } from "./openapi-parts.ts";
import { OPERATING_CODES, problems, READING_CODES, SUBMISSION_CODES } from "./openapi-problems.ts";
import { BATCHES_QUERY_SCHEMA } from "./routes/batches.ts";

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
