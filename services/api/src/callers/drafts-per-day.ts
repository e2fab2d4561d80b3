import { createHash } from "node:crypto";
import type { Clock } from "@draftmill/shared/clock.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { DocumentKind, Documents } from "@draftmill/shared/ledger/documents.ts";
import type { Access } from "./access.ts";

const DAY_MS = 86_400_000;

/** What all instances together have reserved of one caller's drafts in one day. */
export interface ReservedDrafts {
  readonly id: string;
  readonly dayMs: number;
  readonly reserved: number;
}

export const RESERVED_DRAFTS: DocumentKind<ReservedDrafts> = {
  name: "drafts-of-day",
  // The store is ours alone: what parses as JSON there is what was written.
  parse: (value) => value as ReservedDrafts,
  idOf: ({ id }) => id,
  expireAtMsOf: ({ dayMs }) => dayMs + 2 * DAY_MS,
};

/** What this process may still use of its reservation. */
interface Share {
  readonly dayMs: number;
  readonly limit: number;
  left: number;
  reserving: Promise<number> | null;
}

/**
 * Counts the new drafts of each caller and UTC day over all instances, as the ledger's document takes about one write a second in
 * Firestore: a process reserves a hundredth of the limit at a time and gives back at its end what is left of it. So the limit is never
 * exceeded, and a process that dies takes at most a hundredth of it along.
 */
export class DraftsPerDay {
  readonly #documents: Documents<ReservedDrafts>;
  readonly #clock: Clock;
  readonly #shares = new Map<string, Share>();

  constructor(documents: Documents<ReservedDrafts>, clock: Clock) {
    this.#documents = documents;
    this.#clock = clock;
  }

  /** Counts one draft of the caller. False when the day's are used up. Throws `LedgerUnavailable`. */
  async take(caller: string, limit: number): Promise<boolean> {
    const share = this.#shareOf(caller, limit);
    while (share.left < 1) {
      share.reserving ??= this.#reserve(caller, share).finally(() => {
        share.reserving = null;
      });
      if ((await share.reserving) === 0 && share.left < 1) return false;
    }
    share.left -= 1;
    return true;
  }

  /** All or none of so many count towards the caller's day. Throws DRAFTS_PER_DAY_EXCEEDED with none taken. */
  async takeAll({ caller, draftsPerDay: limit }: Access, count: number): Promise<void> {
    if (caller === null || limit === null) return;
    for (let taken = 0; taken < count; taken++) {
      if (await this.take(caller, limit)) continue;
      for (let back = 0; back < taken; back++) this.giveBack(caller);
      throw new DraftError("DRAFTS_PER_DAY_EXCEEDED", { retryAfterMs: this.msToMidnight() });
    }
  }

  /** One that was taken and did not become a new request. */
  giveBack(caller: string): void {
    const share = this.#shares.get(caller);
    if (share !== undefined && share.dayMs === this.#dayMs()) share.left += 1;
  }

  /** Until the next day begins. */
  msToMidnight(): number {
    return this.#dayMs() + DAY_MS - this.#clock.nowMs();
  }

  /** Gives back to the ledger what this process has not used. */
  async close(): Promise<void> {
    const dayMs = this.#dayMs();
    const open = [...this.#shares].filter(([, share]) => share.dayMs === dayMs && share.left > 0);
    this.#shares.clear();
    await Promise.all(
      open.map(([caller, { left }]) =>
        this.#documents.update(idOf(caller, dayMs), (document) => ({
          ...document,
          reserved: Math.max(0, document.reserved - left),
        })),
      ),
    );
  }

  #shareOf(caller: string, limit: number): Share {
    const dayMs = this.#dayMs();
    const known = this.#shares.get(caller);
    // What was reserved under another limit might be more than the new one allows.
    if (known !== undefined && known.dayMs === dayMs && known.limit === limit) return known;
    if (known?.dayMs !== dayMs) this.#forgetOtherDays(dayMs);
    const share: Share = { dayMs, limit, left: 0, reserving: null };
    this.#shares.set(caller, share);
    return share;
  }

  /** Resolves with how many were reserved: none when nothing is left for anybody. */
  async #reserve(caller: string, share: Share): Promise<number> {
    const { dayMs, limit } = share;
    const id = idOf(caller, dayMs);
    const block = Math.max(1, Math.floor(limit / 100));
    let granted = 0;
    const add = (document: ReservedDrafts): ReservedDrafts | null => {
      granted = Math.max(0, Math.min(block, limit - document.reserved));
      return granted === 0 ? null : { ...document, reserved: document.reserved + granted };
    };
    // Absent once a day: then whoever makes it second adds to it.
    if ((await this.#documents.update(id, add)) === null) {
      granted = block;
      if ((await this.#documents.create({ id, dayMs, reserved: block })) !== null) {
        await this.#documents.update(id, add);
      }
    }
    share.left += granted;
    return granted;
  }

  #forgetOtherDays(dayMs: number): void {
    for (const [caller, share] of this.#shares) if (share.dayMs !== dayMs) this.#shares.delete(caller);
  }

  #dayMs(): number {
    const nowMs = this.#clock.nowMs();
    return nowMs - (nowMs % DAY_MS);
  }
}

/** A hash: the ids spread evenly over a store's key range, and a list of them names nobody. */
function idOf(caller: string, dayMs: number): string {
  return createHash("sha256")
    .update(JSON.stringify([caller, dayMs]))
    .digest("base64url");
}
