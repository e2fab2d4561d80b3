import { type EncodedMessage, encodeDraftMessage } from "@draftmill/shared/contract/draft-message.ts";
import type { OrderingKeys } from "@draftmill/shared/contract/ordering-key.ts";
import type { RejectedRow } from "./rejected-rows.ts";
import type { CheckedRow } from "./row-check.ts";

/** After so many rows what has been done is on record: from there a file that was cut off goes on. */
const ROWS_MAX = 1_000;
/** Or after so much, whatever its rows are: as much of a file is in memory at a time, and no more. */
const BYTES_MAX = 4_000_000;

/** What its messages carry beside the rows. */
export interface ChunkSource {
  readonly batch: string;
  readonly caller: string | null;
  readonly traceparent: string | undefined;
  /** Those of the whole import. */
  readonly orderingKeys: OrderingKeys;
}

/**
 * Rows that are queued and counted together. Each is its message from the moment it is added: what it was read and checked as would
 * live long enough to be collected late, and that is most of what an import needs in memory.
 */
export class ImportChunk {
  readonly accepted: { readonly id: string; readonly mailbox: string; readonly notBeforeMs: number | null }[] = [];
  readonly rejected: RejectedRow[] = [];
  /** The number of the last row in it; 0 of none. */
  lastRow = 0;
  #rows = 0;
  #bytes = 0;
  readonly #messages: EncodedMessage[] = [];
  readonly #source: ChunkSource;

  constructor(source: ChunkSource) {
    this.#source = source;
  }

  get isFull(): boolean {
    return this.#rows >= ROWS_MAX || this.#bytes >= BYTES_MAX;
  }

  add(row: CheckedRow): void {
    this.#rows += 1;
    this.lastRow = row.row;
    switch (row.kind) {
      case "fits": {
        const { mailbox, notBeforeMs } = row.request;
        const message = this.#messageOf(row);
        this.#messages.push(message);
        this.accepted.push({ id: row.id, mailbox, notBeforeMs });
        this.#bytes += message.data.length;
        return;
      }
      case "fault":
        this.rejected.push({ row: row.row, values: row.values, errors: row.problems });
        for (const value of Object.values(row.values)) this.#bytes += typeof value === "string" ? value.length : 100;
        return;
      case "repeats":
        return;
      default:
        row satisfies never;
    }
  }

  /** What is to be published; its ordering keys depend on all of it. */
  messages(): readonly EncodedMessage[] {
    const keys = this.#source.orderingKeys.of(this.accepted);
    return this.#messages.map((message, index) => ({ ...message, orderingKey: keys[index] ?? null }));
  }

  #messageOf({ id, body, request }: Extract<CheckedRow, { kind: "fits" }>): EncodedMessage {
    const { batch, caller, traceparent } = this.#source;
    const from = { ...(caller === null ? {} : { caller }), ...(traceparent === undefined ? {} : { traceparent }) };
    const json = JSON.stringify({ ...body, mailbox: request.mailbox });
    return encodeDraftMessage(json, { id, batch, ...from }, null);
  }
}
