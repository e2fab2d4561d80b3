import type { Bounds } from "./bounds.ts";
import type { Protocol } from "./protocol.ts";
import { RecordTable } from "./record-table.ts";

/** What one search runs over. */
export interface Model {
  readonly protocol: Protocol;
  readonly bounds: Bounds;
  readonly records: RecordTable;
}

export function modelOf(protocol: Protocol, bounds: Bounds): Model {
  return { protocol, bounds, records: new RecordTable() };
}

/** How many messages there can be: one per caller and one per replay. */
export function messagesMax({ clients, replays }: Bounds): number {
  return clients.length + replays;
}
