import { percentile, tookOf } from "./figures.ts";
import { aloneAtStart, aloneOnes, batchOf, isAlone, isSmall, oneLargeManySmall } from "./loads.ts";
import type { QuotaShape } from "./quota-models.ts";
import { NEW_QUOTA } from "./scenarios.ts";
import { simulate } from "./simulate.ts";

/** What a batch does to those that have nothing to do with it, in milliseconds. */
export interface Bystanders {
  readonly quota: string;
  readonly workers: number;
  /** 1,000 requests for 99 mailboxes that were published behind 9,000 for one: the time of all but 5 %. */
  readonly smallP95Ms: number;
  /** Requests for mailboxes that nobody else uses, while nothing else goes on, and during a batch for ten others: of all but 1 %. */
  readonly aloneP99Ms: number;
  readonly aloneInBatchP99Ms: number;
  /** All but 5 %, in the first ten seconds of a batch for a hundred others, whose 1,600 keys still wait for their window to grow. */
  readonly aloneAtStartP95Ms: number;
  /** Requests without a batch for the very mailbox of a batch: half of them, and all but 5 %. What Pub/Sub's keys add is left out. */
  readonly sameMailboxP50Ms: number;
  readonly sameMailboxP95Ms: number;
}

const ALONE_EVERY_MS = 500;
/** Lasts as long as 600 of the others take. */
const WHOLE = { alone: 600, drafts: 50_000 };

/** `size`: how many come alone, and how large the batch is meanwhile. */
export async function bystandersOf(workers: number, quota: QuotaShape, size = WHOLE): Promise<Bystanders> {
  const world = { workers, gmail: { quota, unitsPerMinute: NEW_QUOTA } };
  const alone = aloneOnes({ count: size.alone, everyMs: ALONE_EVERY_MS });
  const small = tookOf(await simulate({ ...world, requests: oneLargeManySmall() }), isSmall);
  const quiet = tookOf(await simulate({ ...world, requests: alone }), isAlone);
  const busy = tookOf(await simulate({ ...world, requests: [...batchOf(size.drafts, 10), ...alone] }), isAlone);
  const atStart = tookOf(await simulate({ ...world, requests: [...batchOf(10_000, 100), ...aloneAtStart()] }), isAlone);
  const [{ mailbox = "" } = {}] = batchOf(1, 1);
  // Few, so that they are no batch themselves.
  const same = aloneOnes({ count: size.alone / 10, everyMs: 10 * ALONE_EVERY_MS, mailbox });
  const inSame = tookOf(await simulate({ ...world, requests: [...batchOf(size.drafts / 10, 1), ...same] }), isAlone);
  return {
    quota: quota.kind,
    workers,
    smallP95Ms: percentile(small, 0.95),
    aloneP99Ms: percentile(quiet, 0.99),
    aloneInBatchP99Ms: percentile(busy, 0.99),
    aloneAtStartP95Ms: percentile(atStart, 0.95),
    sameMailboxP50Ms: percentile(inSame, 0.5),
    sameMailboxP95Ms: percentile(inSame, 0.95),
  };
}
