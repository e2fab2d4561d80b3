/** What a publisher hands over. */
export interface NewMessage {
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  /** "" means no key. */
  readonly orderingKey: string;
}

/** A message as the service keeps it. */
export interface StoredMessage extends NewMessage {
  /** Unique over the life of a store, rising in publish order; its decimal form is the messageId on the wire. */
  readonly id: number;
  readonly publishTimeMs: number;
}
