/** What is due first comes first; equal times in no particular order. */
export class TimeHeap<T> {
  readonly #items: { readonly atMs: number; readonly value: T }[] = [];

  get nextMs(): number | undefined {
    return this.#items[0]?.atMs;
  }

  push(atMs: number, value: T): void {
    const items = this.#items;
    let index = items.length;
    const item = { atMs, value };
    items.push(item);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = items[parent];
      if (above === undefined || above.atMs <= atMs) break;
      items[index] = above;
      index = parent;
    }
    items[index] = item;
  }

  /** Removes and returns the first value that is due, or undefined. */
  popDue(nowMs: number): T | undefined {
    const first = this.#items[0];
    if (first === undefined || first.atMs > nowMs) return undefined;
    const last = this.#items.pop();
    if (last !== undefined && this.#items.length > 0) this.#sink(last);
    return first.value;
  }

  #sink(item: { readonly atMs: number; readonly value: T }): void {
    const items = this.#items;
    let index = 0;
    for (;;) {
      const left = items[2 * index + 1];
      if (left === undefined) break;
      const right = items[2 * index + 2];
      const rightIsFirst = right !== undefined && right.atMs < left.atMs;
      const child = rightIsFirst ? right : left;
      if (child.atMs >= item.atMs) break;
      items[index] = child;
      index = 2 * index + (rightIsFirst ? 2 : 1);
    }
    items[index] = item;
  }
}
