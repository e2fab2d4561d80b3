import { systemClock } from "@draftmill/shared/clock.ts";
import { FAILURE_STATES } from "@draftmill/shared/contract/draft-record.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { newReplay, REPLAYS } from "@draftmill/shared/replay/replay.ts";
import { REPLAY_LIMIT_MAX } from "@draftmill/shared/replay/replay-order.ts";

const PAGE_SIZE = 1_000;

/** Somebody who looks at the failures now and then and orders all of them to be taken up again, as over the api. */
export class Replayer {
  readonly #ledger: DraftLedger;
  readonly #failed = new Set<string>();
  #last: string | null = null;
  #ordered = 0;

  constructor(ledger: DraftLedger) {
    this.#ledger = ledger;
  }

  /** Every request that was on record as a failure when this looked. */
  failed(): ReadonlySet<string> {
    return this.#failed;
  }

  ordered(): number {
    return this.#ordered;
  }

  /** Orders a replay of all failures, unless there are none or the last one is not over. */
  async look(): Promise<void> {
    let failures = 0;
    for (const state of FAILURE_STATES) {
      // More than a page of them has failed at once only if all of them do.
      const { items } = await this.#ledger.list({ state, limit: PAGE_SIZE });
      for (const { id } of items) this.#failed.add(id);
      failures += items.length;
    }
    if (failures === 0) return;
    const replays = this.#ledger.documents(REPLAYS);
    if (this.#last !== null && (await replays.get(this.#last))?.state === "running") return;
    this.#ordered += 1;
    this.#last = `soak-replay-${this.#ordered}`;
    const order = { id: this.#last, filter: {}, limit: REPLAY_LIMIT_MAX, caller: null };
    await replays.create(newReplay(order, systemClock.nowMs()));
  }
}
