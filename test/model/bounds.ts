/** How much may happen within one explored history. Every fault has a budget, so that the state space is finite. */
export interface Bounds {
  /** Who asks for the draft, all with one key: over HTTP (accept, publish, answer) or by publishing to the topic. */
  readonly clients: readonly ("http" | "topic")[];
  /** Deliveries of a message before the queue forwards it to the dead-letter topic. */
  readonly attempts: number;
  /** Processes killed, each before any of its steps. */
  readonly crashes: number;
  /** Deliveries of a message that was acknowledged already. */
  readonly duplicates: number;
  /** Answers by which Gmail certainly made no draft, for now: 429, a refused connection. */
  readonly refusals: number;
  /** Answers by which the request can never succeed. */
  readonly permanents: number;
  /** Creates whose outcome the worker does not learn: applied, not applied, or still on their way. */
  readonly gmailFaults: number;
  /** Ledger writes whose outcome the caller does not learn: applied, or applied after it has given up. */
  readonly ledgerFaults: number;
  /** Publishes whose outcome the publisher does not learn. */
  readonly publishFaults: number;
  /** Replays that an operator asks for. */
  readonly replays: number;
}

/** What the broken variants run in: one of everything that the shortest way to each of their failures needs. */
export const VARIANT_BOUNDS: Bounds = {
  clients: ["http"],
  attempts: 2,
  crashes: 1,
  duplicates: 1,
  refusals: 1,
  permanents: 1,
  gmailFaults: 1,
  ledgerFaults: 0,
  publishFaults: 0,
  replays: 1,
};
