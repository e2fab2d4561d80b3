import type { EncodedMessage } from "../contract/draft-message.ts";
import { type DraftRecord, hasBody } from "../contract/draft-record.ts";
import { encodeRepublished } from "../contract/republished-message.ts";
import type { DraftLedger } from "../ledger/draft-ledger.ts";

/** Where requests are published once more. */
export interface ReplayPublisher {
  publish(message: EncodedMessage): Promise<unknown>;
}

export interface ReplayRowDeps {
  readonly ledger: DraftLedger;
  readonly publisher: ReplayPublisher;
  readonly orderingShards: number;
}

/**
 * Why a request is left as it is.
 * - `no-body`: its content is not on record
 * - `cannot-succeed`: the same content would fail in the same way
 * - `moved`: it is no failure any more
 * - `limit`: the replay was for fewer
 */
export type SkipReason = "no-body" | "cannot-succeed" | "moved" | "limit";

/** A request whose content is at fault fails again however often it is tried. */
const CANNOT_SUCCEED: ReadonlySet<string> = new Set(["REQUEST_INVALID", "MESSAGE_MALFORMED", "REQUEST_ID_REUSED"]);

/** Null when the request can be taken up again. */
export function skipReasonOf(record: Pick<DraftRecord, "body" | "bodyParts" | "problem">): SkipReason | null {
  if (record.problem !== null && CANNOT_SUCCEED.has(record.problem.code)) return "cannot-succeed";
  return hasBody(record) ? null : "no-body";
}

/**
 * Takes one failed request up again for a replay, of which `skipReasonOf` knows no reason against it: recorded first, published
 * second. When the publish fails the record still says that it has to be done, and the sweep does it. `moved` when it has been
 * written since it was read: one that has been taken up and has failed again is another failure.
 */
export async function replayRow(
  { ledger, ...deps }: ReplayRowDeps,
  row: DraftRecord,
  by: string,
): Promise<"requeued" | Extract<SkipReason, "moved" | "no-body">> {
  const body = await ledger.bodyOf(row);
  if (body === null) return "no-body";
  const moved = await ledger.replay(row.id, row.generation, by);
  if (moved.kind !== "moved") return "moved";
  await publishAgain({ ledger, ...deps }, moved.record, body).catch(() => {});
  return "requeued";
}

/** Publishes the message of a record that says so, and records that the queue has it. Rejects when it may not have it. */
export async function publishAgain(
  { ledger, publisher, orderingShards }: ReplayRowDeps,
  record: DraftRecord,
  body: string,
): Promise<void> {
  await publisher.publish(encodeRepublished(record, body, orderingShards));
  await ledger.confirm(record.id, record.generation);
}
