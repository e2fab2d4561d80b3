import { Fifo } from "./fifo.ts";
import { TimeHeap } from "./time-heap.ts";

/** One message as one subscription sees it. */
export interface Entry {
  readonly messageId: number;
  /** "" when the message has no key or the subscription no ordering. */
  readonly orderingKey: string;
  readonly publishTimeMs: number;
  /** Deliveries so far. */
  attempts: number;
}

/** The right to settle one delivery of one entry; void once settled, expired or called back. */
export interface Lease {
  readonly number: number;
  readonly entry: Entry;
}

interface Item {
  readonly entry: Entry;
  readonly lane: Lane;
  state: "waiting" | "leased" | "acked" | "removed";
  lease: number;
  expiresMs: number;
}

/** Messages that must follow one another: those of an ordering key, or a single message without one. */
interface Lane {
  readonly key: string;
  /** Never handed out. */
  readonly fresh: Fifo<Item>;
  /** To hand out again, before the fresh ones. */
  again: Item[];
  /** Handed out and not yet gone, in order. */
  out: Item[];
  leased: number;
  notBeforeMs: number;
  queued: boolean;
}

/**
 * What a subscription has still to deliver. Keeps the rules of ordering: a key's next messages wait until what was
 * handed out of it is settled, and when a message is handed out again, so are all later ones of its key, the acknowledged
 * ones too (https://cloud.google.com/pubsub/docs/ordering). Knows no clock: times are monotonic milliseconds.
 */
export class Backlog {
  readonly #lanes = new Map<string, Lane>();
  readonly #items = new Map<number, Item>();
  readonly #leases = new Map<number, Item>();
  readonly #ready = new Fifo<Lane>();
  readonly #delayed = new TimeHeap<Lane>();
  readonly #expiries = new TimeHeap<{ readonly item: Item; readonly lease: number }>();
  #lastLease = 0;

  /** Messages not yet gone, leased ones included. */
  get size(): number {
    return this.#items.size;
  }

  /** When something changes by itself: a delay ends or a lease may expire. */
  get nextChangeMs(): number | undefined {
    const delayed = this.#delayed.nextMs ?? Number.POSITIVE_INFINITY;
    const next = Math.min(delayed, this.#expiries.nextMs ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(next) ? next : undefined;
  }

  /** False if the message is there already. */
  add(entry: Entry, nowMs: number, notBeforeMs = nowMs): boolean {
    if (this.#items.has(entry.messageId)) return false;
    const lane = this.#laneFor(entry.orderingKey);
    const item: Item = { entry, lane, state: "waiting", lease: 0, expiresMs: 0 };
    this.#items.set(entry.messageId, item);
    lane.fresh.push(item);
    lane.notBeforeMs = Math.max(lane.notBeforeMs, notBeforeMs);
    this.#queue(lane, nowMs);
    return true;
  }

  /** Up to `max` leases, several of one key only if that key's are next to each other in line; `[]` when none is ready. */
  lease(nowMs: number, expiresMs: number, max: number): Lease[] {
    for (let lane = this.#delayed.popDue(nowMs); lane !== undefined; lane = this.#delayed.popDue(nowMs)) {
      this.#ready.push(lane);
    }
    const leases: Lease[] = [];
    while (leases.length < max) {
      const lane = this.#ready.shift();
      if (lane === undefined) break;
      lane.queued = false;
      let item = this.#take(lane);
      for (; item !== undefined; item = leases.length < max ? this.#take(lane) : undefined) {
        leases.push(this.#hand(item, expiresMs));
      }
      this.#queue(lane, nowMs);
    }
    return leases;
  }

  /** Undefined once the lease is void. */
  entryOf(lease: number): Entry | undefined {
    return this.#leases.get(lease)?.entry;
  }

  /** The messages that are gone by it: none while an earlier one of the key is out. */
  ack(lease: number, nowMs: number): Entry[] {
    const item = this.#leases.get(lease);
    if (item === undefined) return [];
    this.#settle(item, "acked");
    return this.#dropAcked(item.lane, nowMs);
  }

  /** Puts the message back, and the later ones of its key. Undefined if the lease is void. */
  nack(lease: number, nowMs: number, notBeforeMs: number): Entry | undefined {
    const item = this.#leases.get(lease);
    if (item === undefined) return undefined;
    const { lane } = item;
    const from = lane.out.indexOf(item);
    const back = lane.out.splice(from);
    for (const later of back) {
      if (later.state === "leased") this.#settle(later, "waiting");
      later.state = "waiting";
    }
    lane.again = [...back, ...lane.again];
    lane.notBeforeMs = Math.max(lane.notBeforeMs, notBeforeMs);
    this.#queue(lane, nowMs);
    return item.entry;
  }

  extend(lease: number, expiresMs: number): void {
    const item = this.#leases.get(lease);
    if (item !== undefined) this.#expireAt(item, expiresMs);
  }

  /** Leases that have run out; each is still valid until the caller puts it back. */
  expired(nowMs: number): Lease[] {
    const leases: Lease[] = [];
    for (let due = this.#expiries.popDue(nowMs); due !== undefined; due = this.#expiries.popDue(nowMs)) {
      const { item, lease } = due;
      const current = item.state === "leased" && item.lease === lease && item.expiresMs <= nowMs;
      if (current) leases.push({ number: lease, entry: item.entry });
    }
    return leases;
  }

  /** Takes a message away unless it is leased. True if it is gone. */
  remove(messageId: number): boolean {
    const item = this.#items.get(messageId);
    if (item === undefined || item.state !== "waiting") return false;
    item.state = "removed";
    this.#items.delete(messageId);
    return true;
  }

  entries(): Entry[] {
    return [...this.#items.values()].map((item) => item.entry);
  }

  #laneFor(key: string): Lane {
    const known = key === "" ? undefined : this.#lanes.get(key);
    if (known !== undefined) return known;
    const lane: Lane = { key, fresh: new Fifo(), again: [], out: [], leased: 0, notBeforeMs: 0, queued: false };
    if (key !== "") this.#lanes.set(key, lane);
    return lane;
  }

  #take(lane: Lane): Item | undefined {
    for (;;) {
      const item = lane.again.shift() ?? lane.fresh.shift();
      if (item === undefined || item.state === "waiting") return item;
    }
  }

  #hand(item: Item, expiresMs: number): Lease {
    this.#lastLease += 1;
    item.state = "leased";
    item.lease = this.#lastLease;
    item.lane.leased += 1;
    item.lane.out.push(item);
    this.#leases.set(item.lease, item);
    this.#expireAt(item, expiresMs);
    return { number: item.lease, entry: item.entry };
  }

  #expireAt(item: Item, expiresMs: number): void {
    item.expiresMs = expiresMs;
    if (Number.isFinite(expiresMs)) this.#expiries.push(expiresMs, { item, lease: item.lease });
  }

  #settle(item: Item, state: "acked" | "waiting"): void {
    this.#leases.delete(item.lease);
    item.lane.leased -= 1;
    item.state = state;
  }

  #dropAcked(lane: Lane, nowMs: number): Entry[] {
    const firstKept = lane.out.findIndex((item) => item.state !== "acked");
    const gone = lane.out.splice(0, firstKept === -1 ? lane.out.length : firstKept);
    for (const item of gone) this.#items.delete(item.entry.messageId);
    this.#queue(lane, nowMs);
    return gone.map((item) => item.entry);
  }

  /** Puts the lane where it belongs: in line, waiting for its time, or nowhere while it is out or empty. */
  #queue(lane: Lane, nowMs: number): void {
    if (lane.queued || lane.leased > 0) return;
    if (lane.again.length === 0 && lane.fresh.length === 0) {
      if (lane.out.length === 0 && this.#lanes.get(lane.key) === lane) this.#lanes.delete(lane.key);
      return;
    }
    lane.queued = true;
    if (lane.notBeforeMs > nowMs) this.#delayed.push(lane.notBeforeMs, lane);
    else this.#ready.push(lane);
  }
}
