import { FAILURE_STATES } from "../contract/draft-record.ts";
import type { FirestoreClient, FirestoreQuery } from "./firestore-client.ts";
import { COLLECTION, equalTo } from "./firestore-pages.ts";
import type { FailureFilter, FailureGroup, FailureGroups } from "./ledger.ts";

const KEYS = ["code", "mailbox", "state"] as const;

/**
 * Goes from group to group along the index (code, mailbox, state): one document is read for each, its three fields only,
 * and the server counts the rest.
 */
export async function failureGroups(
  client: FirestoreClient,
  filter: FailureFilter,
  limit: number,
  signal: AbortSignal,
): Promise<FailureGroups> {
  const groups: FailureGroup[] = [];
  let after: Readonly<Record<(typeof KEYS)[number], string>> | null = null;
  for (;;) {
    const { documents } = await client.query(nextGroupQuery(filter, after), signal);
    const fields = documents[0]?.fields;
    if (fields === undefined) return { groups, truncated: false };
    if (groups.length === limit) return { groups, truncated: true };
    const at = {
      code: fields?.code?.stringValue ?? "",
      mailbox: fields?.mailbox?.stringValue ?? "",
      state: fields?.state?.stringValue ?? "",
    };
    after = at;
    const state = FAILURE_STATES.find((known) => known === at.state);
    // A request that was withdrawn keeps the code that it failed with.
    if (state === undefined) continue;
    const count = await client.count(equalTo(COLLECTION, { ...at }), signal);
    groups.push({ code: at.code, mailbox: at.mailbox, state, count });
  }
}

function nextGroupQuery(
  filter: FailureFilter,
  after: Readonly<Record<(typeof KEYS)[number], string>> | null,
): FirestoreQuery {
  const { mailbox, code } = filter;
  // A field with an equality filter may not be ordered by.
  const free = KEYS.filter((key) => key === "state" || filter[key] === undefined);
  return {
    ...equalTo(COLLECTION, { mailbox, code }),
    orderBy: free.map((fieldPath) => ({ field: { fieldPath }, direction: "ASCENDING" })),
    ...(after === null ? {} : { startAt: { before: false, values: free.map((key) => ({ stringValue: after[key] })) } }),
    select: { fields: KEYS.map((fieldPath) => ({ fieldPath })) },
    limit: 1,
  };
}
