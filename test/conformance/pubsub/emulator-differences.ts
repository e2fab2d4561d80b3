interface Difference {
  /** What the documented service does, and the embedded one with it. */
  readonly real: string | number | boolean;
  /** What Google's emulator does (0.8.20). The suite asserts it, to notice when that changes. */
  readonly emulator: string | number | boolean;
  readonly source: string;
}

const PUSH = "cloud.google.com/pubsub/docs/push";
const PROTO = "google/pubsub/v1/pubsub.proto";
const QUOTAS = "cloud.google.com/pubsub/quotas#resource_limits";
const DEAD_LETTERS = "cloud.google.com/pubsub/docs/dead-letter-topics";

/** Where Google's emulator differs from the documented service. */
export const EMULATOR_DIFFERENCES = {
  "answer-202": { real: "ack", emulator: "nack", source: PUSH },
  "answer-203": { real: "nack", emulator: "ack", source: PUSH },
  "answer-302": { real: "nack", emulator: "ack", source: `${PUSH}: only the listed codes acknowledge` },
  "requests-of-5-broken-attempts": { real: 5, emulator: 10, source: "Java's HttpURLConnection sends again by itself" },
  "empty-fields-in-push": { real: false, emulator: true, source: PUSH },
  "ordering-key-in-push": { real: true, emulator: false, source: PUSH },
  "delivery-attempt-in-push": { real: true, emulator: false, source: PUSH },
  "push-token": { real: true, emulator: false, source: PROTO },
  "request-broken-off-at-deadline": { real: true, emulator: false, source: PROTO },
  "pushes-at-once": { real: "more than 2", emulator: "2", source: PUSH },
  "dead-letter-with-ordering": { real: "forwarded", emulator: "lost", source: DEAD_LETTERS },
  "dead-letter-time": { real: "+00:00", emulator: "Z", source: "traces of the real service" },
  "ack-deadline-5": { real: "refused", emulator: "accepted", source: PROTO },
  "exactly-once-push": {
    real: "refused",
    emulator: "accepted",
    source: "cloud.google.com/pubsub/docs/exactly-once-delivery",
  },
  "unparsable-filter": { real: "refused", emulator: "accepted", source: "cloud.google.com/pubsub/docs/filtering" },
  "retention-31-days": { real: "accepted", emulator: "refused", source: PROTO },
  "expiration-10-seconds": { real: "refused", emulator: "accepted", source: PROTO },
  "attribute-key-257-bytes": { real: "refused", emulator: "accepted", source: QUOTAS },
  "attribute-value-1025-bytes": { real: "refused", emulator: "accepted", source: QUOTAS },
  "101-attributes": { real: "refused", emulator: "accepted", source: QUOTAS },
  "goog-attribute": { real: "refused", emulator: "accepted", source: QUOTAS },
  "ordering-key-1025-bytes": { real: "refused", emulator: "accepted", source: QUOTAS },
  "update-topic-labels": { real: "accepted", emulator: "refused", source: PROTO },
} as const satisfies Readonly<Record<string, Difference>>;

export type DifferenceId = keyof typeof EMULATOR_DIFFERENCES;
