import { type DraftRecord, FAILURE_STATES, type FailureState } from "@draftmill/shared/contract/draft-record.ts";
import { ERROR_CODES } from "@draftmill/shared/error-codes.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { CursorInvalid } from "@draftmill/shared/ledger/ledger.ts";
import type { FastifyInstance } from "fastify";
import { viewDraft } from "../draft-view.ts";
import { FAILURE_GROUPS_SCHEMA, GROUPINGS, type Grouping, viewGroups } from "../failure-groups.ts";
import { refuseWithGroupBy } from "../group-by.ts";
import { PAGE_SCHEMA } from "./drafts.ts";

/** The query of GET /v1/failures: filters that must all fit, and the page or the grouping. */
export const FAILURES_QUERY_SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    groupBy: { type: "string", enum: [...GROUPINGS], description: "Count them by this instead of listing them." },
    state: { type: "string", enum: [...FAILURE_STATES], description: "Only failures in this state." },
    mailbox: { type: "string", minLength: 1, maxLength: 254, description: "Only failures of this mailbox." },
    code: { type: "string", enum: Object.keys(ERROR_CODES), description: "Only failures with this code." },
    batch: {
      type: "string",
      minLength: 1,
      maxLength: 128,
      description: "Only failures of this batch; not with groupBy.",
    },
    cursor: { type: "string", minLength: 1, maxLength: 512, description: "`nextCursor` of the page before." },
    limit: { type: "integer", minimum: 1, maximum: 200, default: 50, description: "The most items of a page." },
  },
};

interface FailuresParameters {
  readonly groupBy?: Grouping;
  readonly state?: FailureState;
  readonly mailbox?: string;
  readonly code?: string;
  readonly batch?: string;
  readonly cursor?: string;
  readonly limit: number;
}

const GROUPS_MAX = 1_000;

/** What failed, is parked or is dead: one by one, or counted. */
export function registerFailures(app: FastifyInstance, { ledger }: { readonly ledger: DraftLedger }): void {
  app.get<{ Querystring: FailuresParameters }>(
    "/v1/failures",
    {
      schema: {
        querystring: FAILURES_QUERY_SCHEMA,
        response: { 200: { anyOf: [PAGE_SCHEMA, FAILURE_GROUPS_SCHEMA] } },
      },
    },
    async ({ query }) => {
      const { groupBy, state, code } = query;
      const mailbox = query.mailbox?.toLowerCase();
      const filter = { ...(code === undefined ? {} : { code }), ...(mailbox === undefined ? {} : { mailbox }) };
      if (groupBy !== undefined) {
        refuseWithGroupBy(query, ["batch", "cursor"]);
        const { groups, truncated } = await ledger.failureGroups(filter, GROUPS_MAX);
        const fitting = groups.filter((group) => state === undefined || group.state === state);
        return { groups: viewGroups(fitting, groupBy), truncated };
      }
      const { batch, cursor, limit } = query;
      const filters = { ...filter, ...(batch === undefined ? {} : { batch }) };
      const { items, nextCursor } = await listFailures(ledger, filters, { state, cursor, limit });
      return { items: items.map(viewDraft), nextCursor };
    },
  );
}

/** State after state, newest first within each: a cursor names the state that it goes on in. */
async function listFailures(
  ledger: DraftLedger,
  filters: { readonly code?: string; readonly mailbox?: string; readonly batch?: string },
  page: { readonly state: FailureState | undefined; readonly cursor: string | undefined; readonly limit: number },
): Promise<{ items: readonly DraftRecord[]; nextCursor: string | null }> {
  const start = page.cursor === undefined ? null : parseCursor(page.cursor);
  const states = page.state === undefined ? FAILURE_STATES : [page.state];
  const items: DraftRecord[] = [];
  for (const state of states.slice(start === null ? 0 : states.indexOf(start.state))) {
    const limit = page.limit - items.length;
    if (limit === 0) return { items, nextCursor: `${state}.` };
    const at = start !== null && state === start.state && start.cursor !== "" ? { cursor: start.cursor } : {};
    const { items: found, nextCursor } = await ledger.list({ ...filters, state, limit, ...at });
    items.push(...found);
    if (nextCursor !== null) return { items, nextCursor: `${state}.${nextCursor}` };
  }
  return { items, nextCursor: null };
}

function parseCursor(text: string): { readonly state: FailureState; readonly cursor: string } {
  const [name, ...rest] = text.split(".");
  const state = FAILURE_STATES.find((known) => known === name);
  if (state === undefined) throw new CursorInvalid("the cursor names no state");
  return { state, cursor: rest.join(".") };
}
