import { hash } from "node:crypto";

/** So many messages share one key, where one call brings many for a mailbox: each key is a publish of its own. */
const MESSAGES_PER_KEY = 8;
/** So many keys at least, if there are as many messages: at 0.3 s a draft they bring more than Gmail's quota of a new project takes. */
const KEYS_AT_LEAST = 4;

/** Pub/Sub keeps one push outstanding per key: `shards` bounds how many requests of a mailbox are in flight. 0: no key. */
export function orderingKeyOf(mailbox: string, id: string, shards: number): string | null {
  return shards === 0 ? null : keyAt(mailbox, shardOf(id, shards));
}

/**
 * The keys of messages that are published together. Those of a mailbox take turns at a part of its keys only, as a publish takes one key.
 * The next that are published together go on where these have ended, so that all keys have the same to do.
 */
export class OrderingKeys {
  readonly #shards: number;
  /** Where each mailbox goes on. */
  readonly #next = new Map<string, number>();

  constructor(shards: number) {
    this.#shards = shards;
  }

  /** In the order of the messages. Where a mailbox begins depends on its first one: many small calls come to use all of its keys. */
  of(messages: readonly { readonly mailbox: string; readonly id: string }[]): readonly (string | null)[] {
    const shards = this.#shards;
    if (shards === 0) return messages.map(() => null);
    const counts = new Map<string, number>();
    for (const { mailbox } of messages) counts.set(mailbox, (counts.get(mailbox) ?? 0) + 1);
    const turns = new Map<string, { readonly keys: readonly string[]; at: number }>();
    return messages.map(({ mailbox, id }) => {
      let turn = turns.get(mailbox);
      if (turn === undefined) {
        const first = this.#next.get(mailbox) ?? shardOf(id, shards);
        const keys = Array.from({ length: keysFor(counts.get(mailbox) ?? 0, shards) }, (_, index) =>
          keyAt(mailbox, (first + index) % shards),
        );
        this.#next.set(mailbox, (first + keys.length) % shards);
        turn = { keys, at: 0 };
        turns.set(mailbox, turn);
      }
      const key = turn.keys[turn.at] ?? null;
      turn.at = (turn.at + 1) % turn.keys.length;
      return key;
    });
  }
}

function keysFor(messages: number, shards: number): number {
  return Math.min(shards, Math.max(Math.ceil(messages / MESSAGES_PER_KEY), Math.min(messages, KEYS_AT_LEAST)));
}

function keyAt(mailbox: string, shard: number): string {
  return `${mailbox}#${shard}`;
}

function shardOf(id: string, shards: number): number {
  return Number.parseInt(hash("sha256", id, "hex").slice(0, 8), 16) % shards;
}
