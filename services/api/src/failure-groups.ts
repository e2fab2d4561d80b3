import { ERROR_CODES, isErrorCode } from "@draftmill/shared/error-codes.ts";
import type { FailureGroup } from "@draftmill/shared/ledger/ledger.ts";

/** What failures may be grouped by. */
export const GROUPINGS = ["code,mailbox", "code", "mailbox"] as const;

export type Grouping = (typeof GROUPINGS)[number];

const PROPERTIES = {
  code: { type: "string" },
  mailbox: { type: "string" },
  count: { type: "integer" },
  byState: { type: "object", additionalProperties: { type: "integer" } },
  title: { type: "string", description: "What the code means." },
  remedy: { type: "string", description: "What to do next. Names in braces are filled in on each record." },
};

export const FAILURE_GROUPS_SCHEMA = {
  title: "FailureGroups",
  type: "object",
  additionalProperties: false,
  required: ["groups", "truncated"],
  properties: {
    groups: {
      type: "array",
      description: "The largest first.",
      items: { type: "object", additionalProperties: false, required: ["count", "byState"], properties: PROPERTIES },
    },
    truncated: { type: "boolean", description: "There are more groups than were counted." },
  },
};

export interface FailureGroupView {
  readonly code?: string;
  readonly mailbox?: string;
  readonly count: number;
  readonly byState: Readonly<Record<string, number>>;
  readonly title?: string;
  readonly remedy?: string;
}

/** Sums the ledger's groups up to what was asked for, with what each code means. */
export function viewGroups(groups: readonly FailureGroup[], by: Grouping): readonly FailureGroupView[] {
  const keyOf = ({ code, mailbox }: FailureGroup): string =>
    JSON.stringify([by.includes("code") ? code : null, by.includes("mailbox") ? mailbox : null]);
  return [...Map.groupBy(groups, keyOf).values()].flatMap(viewGroup(by)).sort((a, b) => b.count - a.count);
}

function viewGroup(by: Grouping) {
  return (members: readonly FailureGroup[]): readonly FailureGroupView[] => {
    const [first] = members;
    if (first === undefined) return [];
    const byState: Record<string, number> = {};
    for (const { state, count } of members) byState[state] = (byState[state] ?? 0) + count;
    const count = members.reduce((sum, member) => sum + member.count, 0);
    const { code, mailbox } = first;
    const row = isErrorCode(code) ? ERROR_CODES[code] : null;
    return [
      {
        ...(by.includes("code") ? { code } : {}),
        ...(by.includes("mailbox") ? { mailbox } : {}),
        count,
        byState,
        ...(by.includes("code") && row !== null ? { title: row.title, remedy: row.remedy } : {}),
      },
    ];
  };
}
