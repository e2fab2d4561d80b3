import { percentile, tookOf } from "./figures.ts";
import { aloneOnes, batchOf, isAlone, isSmall, oneLargeManySmall } from "./loads.ts";
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
  /** Requests without a batch for the very mailbox of a batch: half of them, and all but 5 %. What Pub/Sub's keys add is left out. */
  readonly sameMailboxP50Ms: number;
  readonly sameMailboxP95Ms: number;
}

const ALONE = { count: 600, everyMs: 500 };

export async function bystandersOf(workers: number, quota: QuotaShape): Promise<Bystanders> {
  const world = { workers, gmail: { quota, unitsPerMinute: NEW_QUOTA } };
  const alone = aloneOnes(ALONE);
  const small = tookOf(await simulate({ ...world, requests: oneLargeManySmall() }), isSmall);
  const quiet = tookOf(await simulate({ ...world, requests: alone }), isAlone);
  const busy = tookOf(await simulate({ ...world, requests: [...batchOf(50_000, 10), ...alone] }), isAlone);
  const [{ mailbox = "" } = {}] = batchOf(1, 1);
  // Few, so that they are no batch themselves.
  const same = aloneOnes({ count: 60, everyMs: 5_000, mailbox });
  const inSame = tookOf(await simulate({ ...world, requests: [...batchOf(5_000, 1), ...same] }), isAlone);
  return {
    quota: quota.kind,
    workers,
    smallP95Ms: percentile(small, 0.95),
    aloneP99Ms: percentile(quiet, 0.99),
    aloneInBatchP99Ms: percentile(busy, 0.99),
    sameMailboxP50Ms: percentile(inSame, 0.5),
    sameMailboxP95Ms: percentile(inSame, 0.95),
  };
}
