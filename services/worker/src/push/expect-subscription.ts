import { DraftError } from "@draftmill/shared/errors.ts";

/** The only subscriptions whose pushes are taken, by their full names: projects/P/subscriptions/S. */
export interface PushSubscriptions {
  /** POST /push */
  readonly drafts: readonly string[];
  /** POST /dead-letters */
  readonly deadLetters: readonly string[];
}

const NAME_LENGTH_MAX = 400;

/**
 * Refuses a push of any other subscription: whoever may use the push account could point one of a topic of their own at the
 * worker, and its token would be as good. Pub/Sub names the subscription only in the body, so this reads the outermost object
 * and nothing of the message in it. A body without a name is left to `decodePush`. Throws PUSH_SUBSCRIPTION_UNKNOWN.
 */
export function expectSubscription(body: unknown, expected: readonly string[]): void {
  if (typeof body !== "object" || body === null || !("subscription" in body)) return;
  const { subscription } = body;
  if (typeof subscription !== "string" || expected.includes(subscription)) return;
  const told = subscription.slice(0, NAME_LENGTH_MAX).toWellFormed();
  throw new DraftError("PUSH_SUBSCRIPTION_UNKNOWN", {
    reason: `the push is of ${told}, not of ${expected.join(" or ")}`,
  });
}
