export interface PushConfig {
  /** https, or http on a loopback address; a query string is kept. */
  readonly endpoint: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly oidcToken?: {
    readonly serviceAccountEmail: string;
    /** Absent: the endpoint itself is the audience. */
    readonly audience?: string;
  };
}

export interface DeadLetterPolicy {
  readonly topic: string;
  readonly maxDeliveryAttempts: number;
}

export interface RetryPolicy {
  readonly minimumBackoffMs: number;
  readonly maximumBackoffMs: number;
}

/** A subscription as created, defaults filled in. Without `push` it is pulled. */
export interface Subscription {
  /** `projects/{project}/subscriptions/{id}` */
  readonly name: string;
  /** The topic's full name, or `_deleted-topic_`. */
  readonly topic: string;
  readonly push?: PushConfig;
  readonly ackDeadlineSeconds: number;
  readonly retainAckedMessages: boolean;
  readonly messageRetentionMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly enableMessageOrdering: boolean;
  /** Shown, never acted on. Absent: never expires. */
  readonly expirationTtlMs?: number;
  readonly deadLetter?: DeadLetterPolicy;
  readonly retry?: RetryPolicy;
}
