import type { SQLInputValue } from "node:sqlite";
import { type CountFilter, CursorInvalid, type FailureFilter, type ListQuery } from "./ledger.ts";
import { RECENT_OF_ONE_MAX } from "./recipients.ts";

/** A statement's text, one of a small fixed set, and the values for its placeholders. */
export interface Sql {
  readonly text: string;
  readonly values: readonly SQLInputValue[];
}

const MAX_LIMIT = 1_000;

/** One row more than the page holds, to tell whether there is another. */
export function listSql(query: ListQuery, nowMs: number): Sql {
  const { limit, cursor, state, mailbox, batch, code } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw new RangeError(`limit must be 1 to ${MAX_LIMIT}, not ${limit}`);
  const filter = conditions({ state, mailbox, batch, code });
  const before = cursor === undefined ? [] : [seqOf(cursor)];
  const where = [...filter.where, ...before.map(() => "seq < ?"), "expire_at_ms > ?"].join(" AND ");
  return {
    text: `SELECT seq, version, record FROM draft WHERE ${where} ORDER BY seq DESC LIMIT ?`,
    values: [...filter.values, ...before, nowMs, limit + 1],
  };
}

/**
 * Counts along an index that knows nothing of expiry, then takes off what has expired and is not yet removed, which is
 * little. The plus signs keep SQLite from any index but that of expiry there
 * (https://www.sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_).
 */
export function countSql({ mailbox, batch, code }: CountFilter, nowMs: number): Sql {
  const filter = conditions({ mailbox, batch, code });
  const all = filter.where.length === 0 ? "" : `WHERE ${filter.where.join(" AND ")}`;
  const expired = [...filter.where.map((condition) => `+${condition}`), "expire_at_ms <= ?"].join(" AND ");
  return {
    text: `SELECT state, SUM(n) AS n FROM (
             SELECT state, COUNT(*) AS n FROM draft ${all} GROUP BY state
             UNION ALL SELECT state, -COUNT(*) FROM draft WHERE ${expired} GROUP BY +state
           ) GROUP BY state`,
    values: [...filter.values, ...filter.values, nowMs],
  };
}

export function dueSql(beforeMs: number, limit: number, nowMs: number): Sql {
  return {
    text: "SELECT seq, version, record FROM draft WHERE due_at_ms <= ? AND expire_at_ms > ? ORDER BY due_at_ms, seq LIMIT ?",
    values: [beforeMs, nowMs, limit],
  };
}

/** Along the index of recipients from its end, no further than the limit. */
export function recentSql(hash: string, nowMs: number): Sql {
  return {
    text: `SELECT draft.seq, draft.version, draft.record FROM draft_recipient AS recipient CROSS JOIN draft ON draft.seq = recipient.seq
           WHERE recipient.hash = ? AND draft.expire_at_ms > ? ORDER BY recipient.seq DESC LIMIT ?`,
    values: [hash, nowMs, RECENT_OF_ONE_MAX],
  };
}

/** Along the index of failures, which has every column that is needed. */
export function failureGroupsSql({ mailbox, code }: FailureFilter, limit: number, nowMs: number): Sql {
  const filter = conditions({ mailbox, code });
  const where = ["state IN ('failed', 'parked', 'dead')", ...filter.where, "expire_at_ms > ?"].join(" AND ");
  return {
    text: `SELECT code, mailbox, state, COUNT(*) AS n FROM draft WHERE ${where}
           GROUP BY code, mailbox, state ORDER BY code, mailbox, state LIMIT ?`,
    values: [...filter.values, nowMs, limit + 1],
  };
}

/** The cursor of the page that follows a row. */
export function cursorAfter(seq: number): string {
  return Buffer.from(`s${seq}`).toString("base64url");
}

/** @throws CursorInvalid */
export function seqOf(cursor: string): number {
  const digits = /^s(\d{1,15})$/.exec(Buffer.from(cursor, "base64url").toString())?.[1];
  if (digits === undefined) throw new CursorInvalid("the cursor is not one of this ledger's");
  return Number(digits);
}

function conditions(columns: Readonly<Record<string, string | undefined>>): { where: string[]; values: string[] } {
  const where: string[] = [];
  const values: string[] = [];
  for (const [column, value] of Object.entries(columns)) {
    if (value === undefined) continue;
    where.push(`${column} = ?`);
    values.push(value);
  }
  return { where, values };
}
