import type { Clock } from "@draftmill/shared/clock.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import { type AtOnce, fewer, more, UNBOUNDED } from "./at-once.ts";
import { Lines, type Waiting } from "./lines.ts";
import { MinuteAccount } from "./minute-account.ts";
import type { Admission, Refusal, Turn } from "./pacer.ts";
import { isFirstMinuteSpent, nextPause, type Pause, spreadMs } from "./pause.ts";
import { cutShare, gapMs, grownShare, openShare, type Share, spentShare } from "./share.ts";

export interface PaceDeps {
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Gmail's quota: no instance spends more in a minute. */
  readonly unitsPerMinuteMax: number;
}

interface Waiter extends Waiting {
  readonly go: (admission: Admission) => void;
  readonly sendBack: () => void;
}

/** What batches leave of the quota to requests that come alone, whose minute would otherwise be over when a batch has spent it. */
const LEFT_ALONE = 0.01;
const HELD_MAX_MS = 30_000;
/** Who has made so much of the minute's quota in a row may have spent it with others; who comes alone is refused for what others did. */
const RUN_LEAST = 0.01;
/** A pause that is longer than this, or that has been prolonged for as long, is not worth waiting for in a delivery. */
const LONG_PAUSE_MS = 10_000;
/**
 * So many of those that would wait are sent back within ten minutes, and the others wait. More than a mailbox has keys, as
 * each lets Pub/Sub's push window grow by one: held pushes of one mailbox never fill it.
 */
const SENT_BACK_MAX = 20;
const SENT_BACK_WITHIN_MS = 600_000;

/** Whose turn it is in one mailbox, and when. */
export class MailboxPace {
  readonly #deps: PaceDeps;
  readonly #lines = new Lines<Waiter>();
  readonly #account = new MinuteAccount();
  #share: Share;
  #atOnce: AtOnce = UNBOUNDED;
  #pause: Pause | null = null;
  #sentBack = { count: 0, sinceMs: Number.NEGATIVE_INFINITY };
  /** Nothing goes before either: what went last has its share of the time, and Gmail may want to be left alone. */
  #gapUntilMs = 0;
  #pauseUntilMs = 0;
  /** From when on those that wait wait for their turn alone, not for a pause to end. */
  #heldSinceMs: number;
  #running = 0;
  #runningUnits = 0;
  /** Refusals so far. A call that left before the last one tells nothing new. */
  #refusals = 0;
  #alarm: { readonly atMs: number; readonly stop: AbortController } | null = null;
  #usedMs: number;

  constructor(deps: PaceDeps) {
    this.#deps = deps;
    const nowMs = deps.clock.monotonicMs();
    this.#share = openShare(deps.unitsPerMinuteMax, nowMs);
    this.#heldSinceMs = nowMs;
    this.#usedMs = nowMs;
  }

  /** Since when nobody has waited or called; infinite while somebody does, or while Gmail wants to be left alone. */
  get idleSinceMs(): number {
    const isBusy = this.#running > 0 || this.#lines.size > 0;
    return isBusy ? Number.POSITIVE_INFINITY : Math.max(this.#usedMs, this.#pauseUntilMs);
  }

  admit({ line, units, isAgain = false }: Turn, signal: AbortSignal): Promise<Admission> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const giveUp = (): void => {
        this.#lines.remove(waiter);
        reject(signal.reason);
        this.#pump();
      };
      const waiter: Waiter = {
        line,
        units,
        isAgain,
        go(admission) {
          signal.removeEventListener("abort", giveUp);
          resolve(admission);
        },
        sendBack() {
          signal.removeEventListener("abort", giveUp);
          reject(new DraftError("GMAIL_THROTTLED", { reason: "Gmail wants the mailbox left alone for longer" }));
        },
      };
      signal.addEventListener("abort", giveUp, { once: true });
      if (this.#lines.size === 0) this.#heldSinceMs = this.#nowMs();
      this.#lines.add(waiter);
      this.#sendBackSome();
      this.#pump();
    });
  }

  spend(units: number): void {
    const nowMs = this.#nowMs();
    this.#usedMs = nowMs;
    this.#account.add(nowMs, units);
    this.#passOn(units, nowMs);
  }

  #nowMs(): number {
    return this.#deps.clock.monotonicMs();
  }

  /** Spent and about to be. */
  #spent(nowMs: number): number {
    return this.#account.spent(nowMs) + this.#runningUnits;
  }

  /** Lets go who may go, and sees to it that it is called again when the next one may. */
  #pump(): void {
    for (;;) {
      const next = this.#lines.next();
      if (next === undefined) break;
      // An end comes back here.
      if (this.#running >= (this.#pause === null ? this.#atOnce.limit : 1)) break;
      const nowMs = this.#nowMs();
      const [waiter, atMs] = this.#nextTurn(next, nowMs);
      if (atMs > nowMs) {
        this.#wakeAt(atMs);
        return;
      }
      this.#lines.take(waiter);
      waiter.go(this.#admission(waiter, nowMs));
    }
    this.#alarm?.stop.abort();
    this.#alarm = null;
  }

  /** Who goes next and when: whoever's turn it is, unless batches have spent their part of the minute and somebody came alone. */
  #nextTurn(next: Waiter, nowMs: number): readonly [Waiter, number] {
    const alone = next.line === null ? next : this.#lines.next(true);
    const atMs = this.#mayGoMs(next, nowMs);
    if (atMs <= nowMs || alone === undefined || alone === next) return [next, atMs];
    const aloneMs = this.#mayGoMs(alone, nowMs);
    return aloneMs < atMs ? [alone, aloneMs] : [next, atMs];
  }

  #mayGoMs({ line, units }: Waiter, nowMs: number): number {
    const { unitsPerMinuteMax } = this.#deps;
    const bound = unitsPerMinuteMax * (line === null ? 1 : 1 - LEFT_ALONE);
    const over = this.#spent(nowMs) + units > bound;
    const affordableMs = over ? this.#account.downTo(nowMs, bound - units - this.#runningUnits) : nowMs;
    return Math.max(this.#gapUntilMs, this.#pauseUntilMs, affordableMs);
  }

  #admission({ units }: Waiter, nowMs: number): Admission {
    if (this.#pause === null && this.#lines.size > 0) this.#grow(nowMs);
    this.#heldSinceMs = nowMs;
    this.#usedMs = nowMs;
    const gap = this.#passOn(units, nowMs);
    this.#running += 1;
    this.#runningUnits += units;
    const refusals = this.#refusals;
    let isSettled = false;
    const settle = (how: (nowMs: number, isNews: boolean) => void): void => {
      if (isSettled) return;
      isSettled = true;
      const endMs = this.#nowMs();
      how(endMs, refusals === this.#refusals);
      this.#usedMs = endMs;
      this.#running -= 1;
      this.#runningUnits -= units;
      this.#pump();
    };
    const giveBack = (): void =>
      settle(() => {
        this.#gapUntilMs -= gap;
      });
    return {
      served: () =>
        settle((endMs, isNews) => {
          this.#account.add(endMs, units);
          if (!isNews) return;
          this.#pause = null;
          this.#atOnce = more(this.#atOnce, this.#running, endMs);
        }),
      spent: () => settle((endMs) => this.#account.add(endMs, units)),
      refused: (refusal) => settle((endMs, isNews) => this.#refuse(refusal, endMs, isNews)),
      unused: giveBack,
      [Symbol.dispose]: giveBack,
    };
  }

  #refuse({ limit, retryAfterMs = 0 }: Refusal, nowMs: number, isNews: boolean): void {
    this.#pauseUntilMs = Math.max(this.#pauseUntilMs, nowMs + retryAfterMs);
    // Refused together counts once.
    if (!isNews) return;
    this.#refusals += 1;
    const spent = this.#account.spent(nowMs);
    const { phase, sinceMs } = this.#share;
    const isRun = phase === "opening" && spent >= this.#deps.unitsPerMinuteMax * RUN_LEAST;
    const openedMs = limit === "rate" && isRun ? sinceMs : null;
    switch (limit) {
      case "rate":
        this.#share = isFirstMinuteSpent(this.#pause, nowMs)
          ? spentShare(spent, this.#deps.unitsPerMinuteMax, nowMs)
          : cutShare(this.#share, spent, nowMs);
        break;
      case "concurrency":
        this.#atOnce = fewer(this.#running, nowMs);
        break;
      default:
        limit satisfies never;
    }
    this.#pause = nextPause(this.#pause, limit, this.#share.unitsPerMinute, nowMs, openedMs);
    const pausedMs = Math.max(retryAfterMs, this.#pause.ms) + spreadMs(this.#pause, this.#deps.random());
    this.#pauseUntilMs = Math.max(this.#pauseUntilMs, nowMs + pausedMs);
    this.#heldSinceMs = this.#pauseUntilMs;
    this.#sendBackSome();
  }

  /** Of those that wait for a long pause to end. */
  #sendBackSome(): void {
    const nowMs = this.#nowMs();
    const leftMs = this.#pauseUntilMs - nowMs;
    const isProlonged = this.#pause !== null && nowMs - this.#pause.sinceMs > LONG_PAUSE_MS;
    if (leftMs <= (isProlonged ? 0 : LONG_PAUSE_MS)) return;
    if (nowMs - this.#sentBack.sinceMs > SENT_BACK_WITHIN_MS) this.#sentBack = { count: 0, sinceMs: nowMs };
    for (; this.#sentBack.count < SENT_BACK_MAX; this.#sentBack.count += 1) {
      const waiter = this.#lines.next();
      if (waiter === undefined) return;
      this.#lines.remove(waiter);
      waiter.sendBack();
    }
  }

  #grow(nowMs: number): void {
    const heldMs = Math.min(HELD_MAX_MS, Math.max(0, nowMs - this.#heldSinceMs));
    this.#share = grownShare(this.#share, heldMs, this.#spent(nowMs), nowMs, this.#deps.unitsPerMinuteMax);
  }

  /** The next one goes after what this one costs; returns how much later that is. */
  #passOn(units: number, nowMs: number): number {
    const gap = gapMs(this.#share, units, this.#spent(nowMs), nowMs);
    this.#gapUntilMs = Math.max(this.#gapUntilMs, nowMs) + gap;
    return gap;
  }

  #wakeAt(atMs: number): void {
    if (this.#alarm?.atMs === atMs) return;
    this.#alarm?.stop.abort();
    const alarm = { atMs, stop: new AbortController() };
    this.#alarm = alarm;
    this.#deps.clock.sleep(Math.max(0, atMs - this.#nowMs()), alarm.stop.signal).then(
      () => {
        if (this.#alarm !== alarm) return;
        this.#alarm = null;
        this.#pump();
      },
      () => {},
    );
  }
}
