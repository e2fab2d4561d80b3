import type { Replay } from "@draftmill/shared/replay/replay.ts";
import { REPLAY_FILTER_SCHEMA } from "@draftmill/shared/replay/replay-order.ts";

const TEXT = { type: "string" };
const COUNT = { type: "integer" };
const TIME = { type: "string", format: "date-time" };

const PROPERTIES = {
  id: TEXT,
  status: { type: "string", enum: ["running", "done", "canceled"] },
  filter: REPLAY_FILTER_SCHEMA,
  limit: COUNT,
  requeued: { ...COUNT, description: "Requests taken up so far." },
  skipped: {
    type: "object",
    additionalProperties: COUNT,
    description:
      "Requests left as they are, by reason: no-body (its content is not on record), cannot-succeed (the same content would fail again), moved (no failure any more), limit.",
  },
  caller: { type: ["string", "null"], description: "Who ordered it; null for an incident that is over." },
  createdAt: TIME,
  finishedAt: { type: ["string", "null"], format: "date-time" },
};

export const REPLAY_SCHEMA = {
  title: "Replay",
  description: "An order to take failed requests up again, and how far it has got.",
  type: "object",
  additionalProperties: false,
  required: Object.keys(PROPERTIES),
  properties: PROPERTIES,
};

export type ReplayView = ReturnType<typeof viewReplay>;

export function viewReplay({ id, state, filter, limit, requeued, skipped, caller, createdAtMs, finishedAtMs }: Replay) {
  return {
    id,
    status: state,
    filter,
    limit,
    requeued,
    skipped,
    caller,
    createdAt: new Date(createdAtMs).toISOString(),
    finishedAt: finishedAtMs === null ? null : new Date(finishedAtMs).toISOString(),
  };
}
