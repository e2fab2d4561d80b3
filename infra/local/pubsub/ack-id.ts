import type { LiveSubscription } from "./live-subscription.ts";
import { invalid } from "./pubsub-error.ts";

/**
 * Ack ids name a lease. They carry the process's own tag, so that one from before a restart is void instead of
 * settling somebody else's message.
 */
export class AckIds {
  readonly #tag: string;

  /** `tag`: without dots, another one for each process. */
  constructor(tag: string) {
    this.#tag = tag;
  }

  idOf(live: LiveSubscription, lease: number): string {
    return `${this.#tag}.${live.id}.${lease}`;
  }

  /** Undefined for an id of another subscription or process; INVALID_ARGUMENT for what is no ack id. */
  leaseOf(live: LiveSubscription, ackId: string): number | undefined {
    const [tag, subscription, lease, ...rest] = ackId.split(".");
    if (lease === undefined || rest.length > 0 || !/^\d+$/.test(lease)) throw invalid("An ack id is malformed.");
    return tag === this.#tag && subscription === String(live.id) ? Number(lease) : undefined;
  }
}
