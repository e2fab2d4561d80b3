import { type QuotaModel, type QuotaShape, quotaModel } from "./quota-models.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export interface GmailModelOptions {
  readonly quota: QuotaShape;
  readonly unitsPerMinute: number;
  /** Of a usual call; 300 ms unless given. */
  readonly latencyMs?: number;
  /** Calls of one user that may run at once; any number unless given. */
  readonly callsAtOnceMax?: number;
  /** A mailbox that refuses every call until then, and says so. */
  readonly leftAlone?: { readonly mailbox: string; readonly untilMs: number };
}

export type GmailAnswer = "created" | GmailRefusal;

export interface GmailRefusal {
  readonly limit: "rate" | "concurrency";
  readonly retryAfterMs: number | undefined;
}

const LATENCY_MS = 300;
const REFUSAL_MS = 50;
/** One call in fifty takes five times as long. */
const SLOW_SHARE = 0.02;

/** Gmail as a limiter sees it: calls that take a while, and refusals. */
export class GmailModel {
  readonly #clock: VirtualClock;
  readonly #random: () => number;
  readonly #options: GmailModelOptions;
  readonly #quotas = new Map<string, QuotaModel>();
  readonly #running = new Map<string, number>();
  #unitsPerMinute: number;

  calls = 0;
  refused = 0;
  /** Most calls of one mailbox that ran at once. */
  atOnceMax = 0;

  constructor(clock: VirtualClock, random: () => number, options: GmailModelOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
    this.#unitsPerMinute = options.unitsPerMinute;
  }

  quotaOf(mailbox: string): QuotaModel {
    const known = this.#quotas.get(mailbox);
    if (known !== undefined) return known;
    const quota = quotaModel(this.#options.quota, this.#unitsPerMinute);
    this.#quotas.set(mailbox, quota);
    return quota;
  }

  /** From now on, for every mailbox. */
  setQuota(unitsPerMinute: number): void {
    this.#unitsPerMinute = unitsPerMinute;
    for (const quota of this.#quotas.values()) quota.unitsPerMinute = unitsPerMinute;
  }

  /** A call that costs so many units; 0 for one that has been paid for. */
  async create(mailbox: string, units: number): Promise<GmailAnswer> {
    const { latencyMs = LATENCY_MS, callsAtOnceMax = Number.POSITIVE_INFINITY, leftAlone } = this.#options;
    this.calls += 1;
    const running = (this.#running.get(mailbox) ?? 0) + 1;
    const nowMs = this.#clock.monotonicMs();
    if (mailbox === leftAlone?.mailbox && nowMs < leftAlone.untilMs) {
      this.refused += 1;
      await this.#clock.sleep(REFUSAL_MS);
      return { limit: "rate", retryAfterMs: leftAlone.untilMs - this.#clock.monotonicMs() };
    }
    const isCrowded = running > callsAtOnceMax;
    if (isCrowded || (units > 0 && this.quotaOf(mailbox).take(nowMs, units) !== null)) {
      this.refused += 1;
      await this.#clock.sleep(REFUSAL_MS);
      return { limit: isCrowded ? "concurrency" : "rate", retryAfterMs: undefined };
    }
    this.#running.set(mailbox, running);
    this.atOnceMax = Math.max(this.atOnceMax, running);
    const slowness = this.#random() < SLOW_SHARE ? 4 : 0;
    await this.#clock.sleep(latencyMs * (0.45 + 0.6 * this.#random() + slowness));
    this.#running.set(mailbox, (this.#running.get(mailbox) ?? 1) - 1);
    return "created";
  }
}
