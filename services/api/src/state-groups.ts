import { DRAFT_STATES, type DraftState } from "@draftmill/shared/contract/draft-record.ts";
import type { StateCounts } from "@draftmill/shared/ledger/ledger.ts";

export const STATE_GROUPS_SCHEMA = {
  title: "StateGroups",
  description: "How many requests are in each state.",
  type: "object",
  additionalProperties: false,
  required: ["groups", "total"],
  properties: {
    groups: {
      type: "array",
      description: "Every state, those without a request as well.",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["state", "count"],
        properties: { state: { type: "string", enum: DRAFT_STATES }, count: { type: "integer" } },
      },
    },
    total: { type: "integer" },
  },
};

export interface StateGroups {
  readonly groups: readonly { readonly state: DraftState; readonly count: number }[];
  readonly total: number;
}

export function viewStates(counts: StateCounts): StateGroups {
  const groups = DRAFT_STATES.map((state) => ({ state, count: counts[state] }));
  return { groups, total: groups.reduce((sum, { count }) => sum + count, 0) };
}
