/** Whoever waits. */
export interface Waiting {
  readonly line: string | null;
  readonly units: number;
  /** Goes before those that come for the first time. */
  readonly isAgain: boolean;
}

interface Line<T> {
  readonly again: Set<T>;
  readonly first: Set<T>;
  /** Units that went through it, on a scale that all lines share. */
  served: number;
}

/**
 * Those that wait for one mailbox: each batch in a line of its own, first come first served, and the lines take turns by
 * units. Who comes alone is next, however long the others' lines are.
 */
export class Lines<T extends Waiting> {
  readonly #lines = new Map<string | null, Line<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(one: T): void {
    let line = this.#lines.get(one.line);
    if (line === undefined) {
      // What it did not use while it was away is not made up for.
      const least = Math.min(...[...this.#lines.values()].map(({ served }) => served));
      line = { again: new Set(), first: new Set(), served: Number.isFinite(least) ? least : 0 };
      this.#lines.set(one.line, line);
    }
    (one.isAgain ? line.again : line.first).add(one);
    this.#size += 1;
  }

  /** Whose turn it is. With `aloneOnly` those of batches are left out. */
  next(aloneOnly = false): T | undefined {
    let best: Line<T> | undefined;
    for (const [name, line] of this.#lines) {
      if (aloneOnly && name !== null) continue;
      if (best === undefined || line.served < best.served || (line.served === best.served && name === null))
        best = line;
    }
    return best?.again.values().next().value ?? best?.first.values().next().value;
  }

  /** Its turn has come. */
  take(one: T): void {
    const line = this.#lines.get(one.line);
    if (line !== undefined) line.served += one.units;
    this.remove(one);
  }

  /** It waits no longer. */
  remove(one: T): void {
    const line = this.#lines.get(one.line);
    if (line === undefined || !(line.again.delete(one) || line.first.delete(one))) return;
    this.#size -= 1;
    if (line.again.size + line.first.size === 0) this.#lines.delete(one.line);
  }
}
