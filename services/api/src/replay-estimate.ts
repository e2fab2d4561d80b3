import { type DraftRecord, FAILURE_STATES } from "@draftmill/shared/contract/draft-record.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { ReplayFilter } from "@draftmill/shared/replay/replay.ts";
import { skipReasonOf } from "@draftmill/shared/replay/replay-row.ts";

const COUNT = { type: "integer" };

export const REPLAY_ESTIMATE_SCHEMA = {
  title: "ReplayEstimate",
  description: "What a replay would do as things are.",
  type: "object",
  additionalProperties: false,
  required: ["matching", "requeueable", "skipped", "byCode", "truncated"],
  properties: {
    matching: COUNT,
    requeueable: COUNT,
    skipped: { type: "object", additionalProperties: COUNT },
    byCode: { type: "object", additionalProperties: COUNT },
    truncated: { type: "boolean", description: "There are more than were looked at." },
  },
};

export interface ReplayEstimate {
  readonly matching: number;
  readonly requeueable: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly byCode: Readonly<Record<string, number>>;
  readonly truncated: boolean;
}

const PAGE = 1_000;
/** A person waits for the answer; what is beyond is said to be. */
const PAGES_MAX = 10;

/** Goes through what fits the filter and asks of each what the replay would ask. Changes nothing. */
export async function estimateReplay(
  ledger: DraftLedger,
  filter: ReplayFilter,
  limit: number,
): Promise<ReplayEstimate> {
  const { state: only, ...filters } = filter;
  const skipped: Record<string, number> = {};
  const byCode: Record<string, number> = {};
  let matching = 0;
  let requeueable = 0;
  let pages = 0;
  const look = (record: DraftRecord): void => {
    matching += 1;
    add(byCode, record.problem?.code ?? "INTERNAL");
    const reason = skipReasonOf(record) ?? (requeueable < limit ? null : "limit");
    if (reason === null) requeueable += 1;
    else add(skipped, reason);
  };
  for (const state of only === undefined ? FAILURE_STATES : [only]) {
    let cursor: string | null = null;
    do {
      if (pages === PAGES_MAX) return { matching, requeueable, skipped, byCode, truncated: true };
      pages += 1;
      const page = await ledger.list({ ...filters, state: state, limit: PAGE, ...(cursor ? { cursor } : {}) });
      page.items.forEach(look);
      cursor = page.nextCursor;
    } while (cursor !== null);
  }
  return { matching, requeueable, skipped, byCode, truncated: false };
}

function add(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
