import { createHash } from "node:crypto";
import type { CheckedRow } from "./row-check.ts";

/** To hash each row by itself costs nearly twice as much (measured). */
const HASHED_AT_ONCE = 16_384;

/** What the rows of a file were so far: by it one that comes again is known to be the same. */
export class RowsHash {
  readonly #hash = createHash("sha256");
  #text = "";

  add(row: CheckedRow): void {
    this.#text += `${JSON.stringify(fingerprintOf(row))}\n`;
    if (this.#text.length >= HASHED_AT_ONCE) this.#take();
  }

  digest(): string {
    this.#take();
    return this.#hash.copy().digest("base64url");
  }

  #take(): void {
    this.#hash.update(this.#text);
    this.#text = "";
  }
}

/** What makes a row the same when it comes again. */
function fingerprintOf(row: CheckedRow): unknown {
  switch (row.kind) {
    case "fits":
      return row.id;
    case "repeats":
      return row.first;
    case "fault":
      return row.values;
    default:
      return row satisfies never;
  }
}
