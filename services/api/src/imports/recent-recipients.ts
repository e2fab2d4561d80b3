import type { Clock } from "@draftmill/shared/clock.ts";
import type { DraftRecord, DraftState } from "@draftmill/shared/contract/draft-record.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { RECIPIENTS_ASKED_MAX } from "@draftmill/shared/ledger/recipients.ts";
import { type Access, mayRead } from "../callers/access.ts";

/** A row of which somebody has a draft already. */
export interface RowWarning {
  readonly row: number;
  /** Of the file, or the field of its lines. */
  readonly column: string;
  readonly code: "recentlyDrafted";
  readonly detail: string;
}

export interface RecentRecipientsDeps {
  readonly ledger: Pick<DraftLedger, "recentTo">;
  readonly clock: Clock;
  readonly access: Access;
  /** How many days count; 0: nothing is asked. */
  readonly days: number;
  readonly column: string;
}

/** Warnings that are told one by one. */
export const WARNINGS_TOLD = 100;
/** Questions to the ledger at a time: what the reading of the file waits for. */
const ASKED_AT_ONCE = 8;
const DAY_MS = 86_400_000;
/** States in which there is a draft, or is to be one. */
const COUNTED: ReadonlySet<DraftState> = new Set(["queued", "processing", "created", "parked"]);

/**
 * Finds the rows whose recipients have been drafted to in the last days, in mailboxes that the caller may read: one question to the ledger
 * for `RECIPIENTS_ASKED_MAX` addresses, whatever the ledger has.
 */
export class RecentRecipients {
  /** Rows with such a recipient. */
  rows = 0;
  readonly #deps: RecentRecipientsDeps;
  readonly #underWay = new Set<Promise<void>>();
  /** Address to the rows that have it. */
  #waiting = new Map<string, number[]>();
  #warnings: RowWarning[] = [];
  #warned = new Set<number>();
  #failure: unknown;

  constructor(deps: RecentRecipientsDeps) {
    this.#deps = deps;
  }

  /** Rows come in their order. Throws what the ledger throws. */
  async add(row: number, addresses: readonly string[]): Promise<void> {
    if (this.#deps.days === 0) return;
    for (const address of addresses) {
      const known = this.#waiting.get(address.toLowerCase());
      if (known === undefined) this.#waiting.set(address.toLowerCase(), [row]);
      else known.push(row);
      if (this.#waiting.size === RECIPIENTS_ASKED_MAX) await this.#ask();
    }
  }

  /** The first of them. Throws what the ledger throws. */
  async warnings(): Promise<readonly RowWarning[]> {
    if (this.#waiting.size > 0) await this.#ask();
    await Promise.all(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure;
    return this.#firstWarnings();
  }

  async #ask(): Promise<void> {
    const asked = this.#waiting;
    this.#waiting = new Map();
    const asking = this.#look(asked)
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#underWay.delete(asking));
    this.#underWay.add(asking);
    if (this.#underWay.size >= ASKED_AT_ONCE) await Promise.race(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #look(asked: ReadonlyMap<string, readonly number[]>): Promise<void> {
    const { ledger, clock, access, days, column } = this.#deps;
    const found = await ledger.recentTo([...asked.keys()], clock.nowMs() - days * DAY_MS);
    const newest = new Map<string, DraftRecord>();
    for (const record of found) {
      if (!COUNTED.has(record.state) || !mayRead(access, record.mailbox)) continue;
      for (const to of record.to) {
        const before = newest.get(to.toLowerCase());
        if (before === undefined || before.createdAtMs < record.createdAtMs) newest.set(to.toLowerCase(), record);
      }
    }
    for (const [address, rows] of asked) {
      const record = newest.get(address);
      if (record === undefined) continue;
      const day = new Date(record.createdAtMs).toISOString().slice(0, 10);
      const detail = `${address} has a draft of ${day} in ${record.mailbox}`;
      for (const row of rows) this.#warn({ row, column, code: "recentlyDrafted", detail });
    }
  }

  #warn(warning: RowWarning): void {
    if (!this.#warned.has(warning.row)) this.rows += 1;
    this.#warned.add(warning.row);
    this.#warnings.push(warning);
    // Answers do not come in the order of the rows.
    if (this.#warnings.length > 2 * WARNINGS_TOLD) this.#warnings = [...this.#firstWarnings()];
  }

  #firstWarnings(): readonly RowWarning[] {
    return this.#warnings.toSorted((a, b) => a.row - b.row).slice(0, WARNINGS_TOLD);
  }
}
