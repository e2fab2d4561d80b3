import type { Clock } from "../clock.ts";
import type { Stored } from "./ledger.ts";

/**
 * Pauses between two looks grow from the first to the last of these, each half as long again, and start over with each
 * change: a change is seen late by at most half of the time it took to come, and never by more than the last. A watch of
 * 30 s in which nothing happens costs 21 reads. Firestore's own listener is not to be had over REST.
 */
const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 2_000;
const GROWTH = 1.5;

/** Looks at records again and again: at growing intervals, and at once after a write of this process. */
export class FirestoreWatchers {
  readonly #clock: Clock;
  readonly #read: (id: string, signal: AbortSignal) => Promise<Stored | null>;
  readonly #alarms = new Map<string, Set<() => void>>();
  readonly #closed = new AbortController();

  constructor(clock: Clock, read: (id: string, signal: AbortSignal) => Promise<Stored | null>) {
    this.#clock = clock;
    this.#read = read;
  }

  async *watch(id: string, signal: AbortSignal): AsyncGenerator<Stored> {
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    let alarm = new AbortController();
    const ring = (): void => alarm.abort();
    this.#add(id, ring);
    try {
      let known: string | null = null;
      let pauseMs = FIRST_PAUSE_MS;
      while (!ended.aborted) {
        // Set before the look, so that a write during it or while the caller works on the answer rings too.
        alarm = new AbortController();
        const stored = await this.#look(id, ended);
        if (ended.aborted) return;
        if (stored !== null && stored.revision !== known) {
          known = stored.revision;
          pauseMs = FIRST_PAUSE_MS;
          yield stored;
        }
        await this.#pause(pauseMs, AbortSignal.any([ended, alarm.signal]));
        pauseMs = Math.min(LAST_PAUSE_MS, pauseMs * GROWTH);
      }
    } finally {
      this.#remove(id, ring);
    }
  }

  /** This process has written the record. */
  wake(id: string): void {
    for (const ring of this.#alarms.get(id) ?? []) ring();
  }

  /** Ends every watch. */
  close(): void {
    this.#closed.abort();
  }

  async #look(id: string, ended: AbortSignal): Promise<Stored | null> {
    try {
      return await this.#read(id, ended);
    } catch (error) {
      if (ended.aborted) return null;
      throw error;
    }
  }

  async #pause(ms: number, until: AbortSignal): Promise<void> {
    try {
      await this.#clock.sleep(ms, until);
    } catch (error) {
      if (!until.aborted) throw error;
    }
  }

  #add(id: string, ring: () => void): void {
    const rings = this.#alarms.get(id) ?? new Set();
    this.#alarms.set(id, rings.add(ring));
  }

  #remove(id: string, ring: () => void): void {
    const rings = this.#alarms.get(id);
    rings?.delete(ring);
    if (rings?.size === 0) this.#alarms.delete(id);
  }
}
