import type { Clock } from "../clock.ts";
import { FAILURE_STATES } from "../contract/draft-record.ts";
import type { FirestoreClient, FirestoreQuery } from "./firestore-client.ts";
import { COLLECTION, equalTo } from "./firestore-pages.ts";
import type { FailureFilter, FailureGroup, FailureGroups } from "./ledger.ts";

const KEYS = ["code", "mailbox", "state"] as const;

/** From group to group is a round trip: with a thousand of them it is better to tell some than to tell nothing. */
const WALK_WITHIN_MS = 7_000;

/**
 * Goes from group to group along the index (code, mailbox, state): one document is read for each, its three fields only,
 * and the server counts the rest meanwhile. What it does not get to in time is cut off.
 */
export async function failureGroups(
  client: FirestoreClient,
  clock: Pick<Clock, "monotonicMs">,
  filter: FailureFilter,
  limit: number,
  signal: AbortSignal,
): Promise<FailureGroups> {
  const startedMs = clock.monotonicMs();
  const counting: Promise<FailureGroup>[] = [];
  let truncated = false;
  let after: Readonly<Record<(typeof KEYS)[number], string>> | null = null;
  for (;;) {
    const { documents } = await client.query(nextGroupQuery(filter, after), signal);
    const fields = documents[0]?.fields;
    if (fields === undefined) break;
    truncated = counting.length === limit || clock.monotonicMs() - startedMs > WALK_WITHIN_MS;
    if (truncated) break;
    const at = {
      code: fields?.code?.stringValue ?? "",
      mailbox: fields?.mailbox?.stringValue ?? "",
      state: fields?.state?.stringValue ?? "",
    };
    after = at;
    const state = FAILURE_STATES.find((known) => known === at.state);
    // A request that was withdrawn keeps the code that it failed with.
    if (state === undefined) continue;
    const counted = client.count(equalTo(COLLECTION, { ...at }), signal);
    const group = counted.then((count) => ({ code: at.code, mailbox: at.mailbox, state, count }));
    // Heard below, unless the walk itself fails first.
    group.catch(() => {});
    counting.push(group);
  }
  return { groups: await Promise.all(counting), truncated };
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
