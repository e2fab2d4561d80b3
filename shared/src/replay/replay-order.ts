import { FAILURE_STATES } from "../contract/draft-record.ts";
import { compileOwn } from "../contract/own-schema.ts";
import { schemaProblems } from "../contract/schema-problems.ts";
import { ERROR_CODES } from "../error-codes.ts";
import { DraftError } from "../errors.ts";
import type { ReplayFilter } from "./replay.ts";

/** More than a deployment has requests on record. */
export const REPLAY_LIMIT_MAX = 1_000_000_000;

export const REPLAY_FILTER_SCHEMA = {
  type: "object",
  description: "Which failures; all that is given must fit, and {} is every one.",
  additionalProperties: false,
  properties: {
    state: { type: "string", enum: [...FAILURE_STATES] },
    code: { type: "string", enum: Object.keys(ERROR_CODES) },
    mailbox: { type: "string", minLength: 1, maxLength: 254 },
    batch: { type: "string", minLength: 1, maxLength: 128 },
  },
};

/** The body of POST /v1/replays. */
export const REPLAY_ORDER_SCHEMA = {
  title: "ReplayOrder",
  type: "object",
  additionalProperties: false,
  required: ["filter"],
  properties: {
    filter: REPLAY_FILTER_SCHEMA,
    limit: { type: "integer", minimum: 1, maximum: REPLAY_LIMIT_MAX, description: "The most requests to take up." },
    dryRun: { type: "boolean", description: "Only say what it would do." },
  },
};

interface ReplayOrderBody {
  readonly filter: ReplayFilter;
  readonly limit?: number;
  readonly dryRun?: boolean;
}

export interface ReplayOrder {
  readonly filter: ReplayFilter;
  readonly limit: number;
  readonly dryRun: boolean;
}

const fits = compileOwn<ReplayOrderBody>(REPLAY_ORDER_SCHEMA, { allErrors: true });

/** Reads the order of a replay. Throws REPLAY_INVALID with every fault. */
export function parseReplayOrder(body: unknown): ReplayOrder {
  if (!fits(body)) {
    const fields = schemaProblems(fits.errors, (pointer) =>
      Object.keys((pointer === "/filter" ? REPLAY_FILTER_SCHEMA : REPLAY_ORDER_SCHEMA).properties),
    );
    throw new DraftError("REPLAY_INVALID", { reason: fields.map(({ detail }) => detail).join("; "), fields });
  }
  const { filter, limit = REPLAY_LIMIT_MAX, dryRun = false } = body;
  const { mailbox } = filter;
  return { filter: mailbox === undefined ? filter : { ...filter, mailbox: mailbox.toLowerCase() }, limit, dryRun };
}
