import { DRAFT_STATES, type DraftRecord } from "@draftmill/shared/contract/draft-record.ts";

const TEXT = { type: "string" };
const TEXT_OR_NULL = { type: ["string", "null"] };
const TIME = { type: "string", format: "date-time" };

const PROPERTIES = {
  id: TEXT,
  status: { type: "string", enum: DRAFT_STATES },
  mailbox: { ...TEXT, description: "Whose mailbox the draft is made in." },
  to: { type: "array", items: TEXT },
  subject: TEXT,
  draftId: { ...TEXT_OR_NULL, description: "Gmail's id of the draft, once it is created." },
  messageId: { ...TEXT_OR_NULL, description: "Gmail's id of its message; changes when a person edits the draft." },
  threadId: TEXT_OR_NULL,
  problem: {
    type: ["object", "null"],
    description: "Why it failed: the members of a problem answer that belong to the request.",
    additionalProperties: false,
    required: ["code", "detail", "retryable"],
    properties: {
      code: TEXT,
      detail: TEXT,
      remedy: { ...TEXT, description: "What to do next." },
      retryable: { type: "boolean" },
      errors: {
        type: "array",
        items: {
          type: "object",
          additionalProperties: false,
          required: ["pointer", "code", "detail"],
          properties: { pointer: TEXT, code: TEXT, detail: TEXT },
        },
      },
    },
  },
  note: {
    ...TEXT_OR_NULL,
    description:
      "throttled: Gmail asked to slow down. publish-unconfirmed: send the request again with its key. scheduled: it waits for its `notBefore`.",
  },
  notBefore: { type: ["string", "null"], format: "date-time", description: "Its draft is not made before." },
  attempts: { type: "integer", description: "How often work on it has begun." },
  batch: TEXT_OR_NULL,
  dedupeKey: TEXT_OR_NULL,
  metadata: { type: "object", additionalProperties: TEXT },
  createdAt: TIME,
  updatedAt: TIME,
};

/**
 * JSON schema of a record as callers see it: no body, and nothing of claims and leases. Fastify serialises by it, so a
 * field that is not named here cannot leave.
 */
export const DRAFT_VIEW_SCHEMA = {
  title: "Draft",
  description: "What is known of a draft request.",
  type: "object",
  additionalProperties: false,
  required: Object.keys(PROPERTIES),
  properties: PROPERTIES,
};

export type DraftView = ReturnType<typeof viewDraft>;

export function viewDraft(record: DraftRecord) {
  const { id, mailbox, to, subject, draftId, messageId, threadId, problem, note, batch, dedupeKey, metadata } = record;
  const { notBeforeMs } = record;
  return {
    id,
    status: record.state,
    mailbox,
    to,
    subject,
    draftId,
    messageId,
    threadId,
    problem,
    note,
    notBefore: notBeforeMs === null ? null : new Date(notBeforeMs).toISOString(),
    attempts: record.claims,
    batch,
    dedupeKey,
    metadata,
    createdAt: new Date(record.createdAtMs).toISOString(),
    updatedAt: new Date(record.updatedAtMs).toISOString(),
  };
}
