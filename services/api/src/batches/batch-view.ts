import { BATCH_CONTROLS, type Batch } from "@draftmill/shared/batch/batch.ts";
import { isFinished } from "@draftmill/shared/batch/batch-counts.ts";
import { DRAFT_STATES } from "@draftmill/shared/contract/draft-record.ts";
import type { BatchProgress } from "./batch-progress.ts";

const TEXT = { type: "string" };
const TEXT_OR_NULL = { type: ["string", "null"] };
const COUNT = { type: "integer", minimum: 0 };
const TIME = { type: "string", format: "date-time" };
const TIME_OR_NULL = { type: ["string", "null"], format: "date-time" };

/**
 * - `incomplete`: not all of it was confirmed by the queue: hand it in again with the same key
 * - `running`, `paused`, `canceled`: what it is told to do; some of its requests are open or parked
 * - `finished`: each of its requests has ended
 */
const BATCH_STATUSES = ["incomplete", "running", "paused", "canceled", "finished"] as const;
type BatchStatus = (typeof BATCH_STATUSES)[number];

const STATE_COUNTS = {
  type: "object",
  additionalProperties: false,
  required: [...DRAFT_STATES],
  properties: Object.fromEntries(DRAFT_STATES.map((state) => [state, COUNT])),
};

const UNDO = {
  type: ["object", "null"],
  additionalProperties: false,
  required: ["askedAt", "deleted", "keptEdited", "gone", "finishedAt"],
  properties: {
    askedAt: TIME,
    deleted: { ...COUNT, description: "Drafts that are taken back." },
    keptEdited: { ...COUNT, description: "Drafts that somebody has worked on; they stay. Known when it is finished." },
    gone: { ...COUNT, description: "Drafts that were sent or thrown away before." },
    finishedAt: TIME_OR_NULL,
  },
};

const SUMMARY = {
  id: TEXT,
  name: TEXT_OR_NULL,
  control: { type: "string", enum: BATCH_CONTROLS, description: "What its requests are told to do." },
  total: { ...COUNT, description: "Requests that were queued." },
  rejected: { ...COUNT, description: "Items that were at fault and were not queued." },
  undo: UNDO,
  createdAt: TIME,
  completedAt: {
    ...TIME_OR_NULL,
    description: "When each of its requests was first found to have ended, by the sweep.",
  },
};

const PROGRESS = {
  ...SUMMARY,
  status: { type: "string", enum: BATCH_STATUSES },
  counts: STATE_COUNTS,
  mailboxes: {
    type: "array",
    description: "The mailboxes with the most requests, 25 at most.",
    items: {
      type: "object",
      additionalProperties: false,
      required: ["mailbox", "total", "counts"],
      properties: { mailbox: TEXT, total: COUNT, counts: STATE_COUNTS },
    },
  },
  secondsLeft: { type: ["integer", "null"], description: "From Gmail's quota, and from the speed so far." },
};

/** JSON schema of a batch in a list. */
export const BATCH_SUMMARY_SCHEMA = {
  title: "BatchSummary",
  type: "object",
  additionalProperties: false,
  required: Object.keys(SUMMARY),
  properties: SUMMARY,
};

/** JSON schema of a batch with its counts. */
export const BATCH_VIEW_SCHEMA = {
  title: "Batch",
  type: "object",
  additionalProperties: false,
  required: Object.keys(PROGRESS),
  properties: PROGRESS,
};

export type BatchSummaryView = ReturnType<typeof viewBatchSummary>;
export type BatchView = ReturnType<typeof viewBatch>;

export function viewBatchSummary({ id, name, control, total, rejected, undo, createdAtMs, completedAtMs }: Batch) {
  return {
    id,
    name,
    control,
    total,
    rejected,
    undo:
      undo === null
        ? null
        : {
            askedAt: time(undo.askedAtMs),
            deleted: undo.deleted,
            keptEdited: undo.keptEdited,
            gone: undo.gone,
            finishedAt: undo.finishedAtMs === null ? null : time(undo.finishedAtMs),
          },
    createdAt: time(createdAtMs),
    completedAt: completedAtMs === null ? null : time(completedAtMs),
  };
}

export function viewBatch(progress: BatchProgress) {
  const { batch, counts, mailboxes, secondsLeft } = progress;
  return { ...viewBatchSummary(batch), status: statusOf(progress), counts, mailboxes, secondsLeft };
}

function statusOf({ batch, counts }: BatchProgress): BatchStatus {
  if (batch.sealedAtMs === null) return "incomplete";
  if (isFinished(batch, counts)) return "finished";
  switch (batch.control) {
    case "open":
      return "running";
    case "paused":
    case "canceled":
      return batch.control;
    default:
      return batch.control satisfies never;
  }
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
