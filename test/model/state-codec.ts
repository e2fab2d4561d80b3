import type { Bounds } from "./bounds.ts";
import {
  CLIENT_PLACES,
  type Draft,
  FAULTS,
  firstState,
  MESSAGE_PLACES,
  type Message,
  type Post,
  REPLAYER_PLACES,
  type State,
  WORKER_PLACES,
  type Worker,
} from "./state.ts";

/** No state is larger: two workers, a handful of messages, creates and drafts. */
const BYTES_MAX = 128;

/** States as short strings of one byte a character: the same state, the same string, about 40 bytes each. */
export class StateCodec {
  readonly #bytes = Buffer.alloc(BYTES_MAX);
  readonly #first: State;
  #at = 0;

  constructor(bounds: Bounds) {
    this.#first = firstState(bounds);
  }

  encode(state: State): string {
    this.#at = 0;
    this.#putWide(state.record);
    this.#putWide(state.lateWrite);
    for (const place of state.clients) this.#put(CLIENT_PLACES.indexOf(place));
    this.#put((state.accepted ? 1 : 0) + (state.deadLetter ? 2 : 0));
    this.#put(REPLAYER_PLACES.indexOf(state.replayer));
    this.#put(state.messages.length);
    for (const { place, attempts, generation } of state.messages) {
      this.#put(MESSAGE_PLACES.indexOf(place) + 4 * attempts + 32 * generation);
    }
    for (const worker of state.workers) this.#putWorker(worker);
    this.#put(state.posts.length);
    for (const { fence, waiter } of state.posts) this.#put(4 * fence + waiter + 1);
    this.#put(state.landed);
    this.#put(state.drafts.length);
    for (const { number, listed } of state.drafts) this.#put(2 * number + (listed ? 1 : 0));
    for (const fault of FAULTS) this.#put(state.budget[fault]);
    return this.#bytes.toString("latin1", 0, this.#at);
  }

  decode(text: string): State {
    this.#bytes.write(text, "latin1");
    this.#at = 0;
    const record = this.#takeWide();
    const lateWrite = this.#takeWide();
    const clients = this.#first.clients.map(() => named(CLIENT_PLACES, this.#take()));
    const flags = this.#take();
    const replayer = named(REPLAYER_PLACES, this.#take());
    const messages = this.#takeAll(
      (byte): Message => ({
        place: named(MESSAGE_PLACES, byte % 4),
        attempts: (byte >> 2) % 8,
        generation: byte >> 5,
      }),
    );
    const workers = this.#first.workers.map(() => this.#takeWorker());
    const posts = this.#takeAll((byte): Post => ({ fence: byte >> 2, waiter: (byte % 4) - 1 }));
    const landed = this.#take();
    const drafts = this.#takeAll((byte): Draft => ({ number: byte >> 1, listed: byte % 2 === 1 }));
    const budget = { ...this.#first.budget };
    for (const fault of FAULTS) budget[fault] = this.#take();
    const accepted = flags % 2 === 1;
    const deadLetter = flags >= 2;
    return {
      record,
      lateWrite,
      clients,
      accepted,
      messages,
      deadLetter,
      workers,
      posts,
      drafts,
      landed,
      replayer,
      budget,
    };
  }

  #putWorker(worker: Worker | null): void {
    if (worker === null) {
      this.#put(0);
      return;
    }
    const { place, message, fence, fresh, draft, throttled } = worker;
    this.#put(1 + WORKER_PLACES.indexOf(place));
    this.#put(message);
    this.#put(fence);
    this.#put((fresh ? 1 : 0) + (throttled ? 2 : 0) + 4 * draft);
  }

  #takeWorker(): Worker | null {
    const place = this.#take();
    if (place === 0) return null;
    const message = this.#take();
    const fence = this.#take();
    const rest = this.#take();
    return {
      place: named(WORKER_PLACES, place - 1),
      message,
      fence,
      fresh: rest % 2 === 1,
      draft: rest >> 2,
      throttled: (rest & 2) !== 0,
    };
  }

  #put(value: number): void {
    if (value < 0 || value > 255) throw new RangeError(`${value} is not a byte: a bound is too high for this codec`);
    this.#at = this.#bytes.writeUInt8(value, this.#at);
  }

  #putWide(value: number): void {
    this.#at = this.#bytes.writeUInt16LE(value, this.#at);
  }

  #take(): number {
    return this.#bytes.readUInt8(this.#at++);
  }

  #takeWide(): number {
    this.#at += 2;
    return this.#bytes.readUInt16LE(this.#at - 2);
  }

  #takeAll<Item>(itemOf: (byte: number) => Item): Item[] {
    const items: Item[] = [];
    for (let left = this.#take(); left > 0; left -= 1) items.push(itemOf(this.#take()));
    return items;
  }
}

function named<Name extends string>(names: readonly Name[], index: number): Name {
  const name = names[index];
  if (name === undefined) throw new RangeError(`no name ${index} in ${names.join()}`);
  return name;
}
