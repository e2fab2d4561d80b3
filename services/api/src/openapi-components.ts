import { DRAFT_REQUEST_SCHEMA } from "@draftmill/shared/contract/draft-request-schema.ts";
import { REPLAY_ORDER_SCHEMA } from "@draftmill/shared/replay/replay-order.ts";
import { BATCH_SCHEMA } from "./batches/batch-schema.ts";
import { BATCH_VIEW_SCHEMA } from "./batches/batch-view.ts";
import { DRAFT_VIEW_SCHEMA } from "./draft-view.ts";
import { FAILURE_GROUPS_SCHEMA } from "./failure-groups.ts";
import { IMPORT_SCHEMA } from "./imports/import-order.ts";
import { IMPORT_REPORT_SCHEMA } from "./imports/import-view.ts";
import { WAIT_SECONDS_MAX } from "./prefer.ts";
import { PROBLEM_SCHEMA } from "./problem.ts";
import { REPLAY_ESTIMATE_SCHEMA } from "./replay-estimate.ts";
import { REPLAY_SCHEMA } from "./replay-view.ts";
import { ACCEPTED_BATCH_SCHEMA, BATCH_PAGE_SCHEMA } from "./routes/batches.ts";
import { PAGE_SCHEMA } from "./routes/drafts.ts";
import { INCIDENT_PAGE_SCHEMA } from "./routes/incidents.ts";
import { REPLAY_PAGE_SCHEMA } from "./routes/replays.ts";
import { STATE_GROUPS_SCHEMA } from "./state-groups.ts";

const { $id: _id, ...REQUEST_SCHEMA } = DRAFT_REQUEST_SCHEMA;

const QUEUED_SCHEMA = {
  title: "Queued",
  description: "The draft is promised, not yet made.",
  type: "object",
  additionalProperties: false,
  required: ["id", "status"],
  properties: { id: { type: "string" }, status: { type: "string", enum: ["queued", "processing"] } },
};

const MADE_SCHEMA = {
  title: "Made",
  type: "object",
  additionalProperties: false,
  required: ["status", "draft_id"],
  properties: { status: { const: "ok" }, draft_id: { type: "string", description: "Gmail's id of the draft." } },
};

const HEALTH_SCHEMA = {
  title: "Health",
  type: "object",
  required: ["status"],
  properties: {
    status: { type: "string", enum: ["live", "ready", "unready", "stopping"] },
    checks: { type: "object", additionalProperties: { type: "boolean" } },
  },
};

const PARAMETERS = {
  prefer: {
    name: "Prefer",
    in: "header",
    schema: { type: "string" },
    examples: { wait: { value: "wait=20" }, async: { value: "respond-async" } },
    description: `RFC 7240. \`wait=N\` holds the answer until the draft is settled, at most N seconds (and ${WAIT_SECONDS_MAX}); \`respond-async\` answers at once. The answer repeats in Preference-Applied what was honoured.`,
  },
  idempotencyKey: {
    name: "Idempotency-Key",
    in: "header",
    schema: { type: "string", pattern: "^[\\x21-\\x7e]{1,255}$" },
    description:
      "Makes it safe to send the request again: the same key, caller and route stand for one draft, for 7 days. A `dedupeKey` in the body takes its place.",
  },
  id: { name: "id", in: "path", required: true, schema: { type: "string", maxLength: 128 } },
};

/** What the paths of the OpenAPI document refer to by name. */
export const COMPONENTS = {
  securitySchemes: {
    identityToken: {
      type: "http",
      scheme: "bearer",
      bearerFormat: "JWT",
      description:
        "A Google identity token with a verified e-mail address, for an audience of the service. What its caller may do is the operator's to say (GET /callers.schema.json). Not asked for when AUTH_MODE is none.",
    },
  },
  parameters: PARAMETERS,
  schemas: {
    DraftRequest: REQUEST_SCHEMA,
    Draft: DRAFT_VIEW_SCHEMA,
    DraftPage: PAGE_SCHEMA,
    StateGroups: STATE_GROUPS_SCHEMA,
    FailureGroups: FAILURE_GROUPS_SCHEMA,
    ReplayOrder: REPLAY_ORDER_SCHEMA,
    ReplayEstimate: REPLAY_ESTIMATE_SCHEMA,
    Replay: REPLAY_SCHEMA,
    ReplayPage: REPLAY_PAGE_SCHEMA,
    IncidentPage: INCIDENT_PAGE_SCHEMA,
    BatchOrder: BATCH_SCHEMA,
    ImportOrder: IMPORT_SCHEMA,
    ImportReport: IMPORT_REPORT_SCHEMA,
    AcceptedBatch: ACCEPTED_BATCH_SCHEMA,
    Batch: BATCH_VIEW_SCHEMA,
    BatchPage: BATCH_PAGE_SCHEMA,
    Queued: QUEUED_SCHEMA,
    Made: MADE_SCHEMA,
    Health: HEALTH_SCHEMA,
    Problem: PROBLEM_SCHEMA,
  },
};
