import type { Story } from "./crash-points.ts";
import type { FaultStack } from "./fault-stack.ts";
import { type Destination, mailboxOf, type Requests } from "./requests.ts";

/** More often than a request is tried in any case. */
const ALWAYS = 50;

const FORWARDED: Destination = {
  topic: "draft-requests-dead-letter",
  attributes: {
    CloudPubSubDeadLetterSourceDeliveryCount: "100",
    CloudPubSubDeadLetterSourceSubscription: "draft-requests-push",
  },
};

/** The state in which a request of this story ends. */
export const ENDS = {
  plain: "created",
  "answer lost": "created",
  throttled: "created",
  refused: "failed",
  undelegated: "parked",
  "given up": "dead",
} as const satisfies Record<Story, string>;

/** Has Google ready for the story of each request, then publishes them. */
export async function tell(
  { google }: Pick<FaultStack, "google">,
  requests: Requests,
  story: Story,
  ids: readonly string[],
  copies = 1,
): Promise<void> {
  for (const mailbox of ids.map(mailboxOf)) prepare(google, story, mailbox);
  await requests.publishEach(ids, story === "given up" ? { ...FORWARDED, copies } : { copies });
}

function prepare({ faults }: FaultStack["google"], story: Story, mailbox: string): void {
  switch (story) {
    case "answer lost":
      faults.next("drafts.create", 1, { kind: "drop", after: true }, mailbox);
      return;
    case "throttled":
      // Twice, should a slow machine miss the first.
      faults.next("drafts.create", 2, { kind: "answer", error: "userRateLimitExceeded" }, mailbox);
      return;
    case "refused":
      faults.next("drafts.create", ALWAYS, { kind: "answer", error: "invalidHeader" }, mailbox);
      return;
    case "undelegated":
      faults.next("token", ALWAYS, { kind: "answer", error: "unauthorizedClient" }, mailbox);
      return;
    case "plain":
    case "given up":
      return;
    default:
      story satisfies never;
  }
}
