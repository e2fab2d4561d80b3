import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import type { DifferenceId } from "./emulator-differences.ts";
import { aTopic, expected, PROJECT, type PubsubTarget, rest } from "./target.ts";

interface Row {
  readonly what: string;
  readonly value: unknown;
  /** Where the emulator takes a different view. */
  readonly differs?: DifferenceId;
}

const MESSAGES: readonly Row[] = [
  { what: "no message at all", value: [] },
  { what: "more than 1000 messages", value: Array.from({ length: 1001 }, () => ({ data: "eA==" })) },
  { what: "a message with neither data nor attributes", value: [{}] },
  {
    what: "an attribute key of 257 bytes",
    value: [{ attributes: { ["k".repeat(257)]: "v" } }],
    differs: "attribute-key-257-bytes",
  },
  {
    what: "an attribute value of 1025 bytes",
    value: [{ attributes: { k: "v".repeat(1025) } }],
    differs: "attribute-value-1025-bytes",
  },
  {
    what: "101 attributes",
    value: [{ attributes: Object.fromEntries(Array.from({ length: 101 }, (_none, n) => [`k${n}`, "v"])) }],
    differs: "101-attributes",
  },
  {
    what: "an attribute that begins with goog",
    value: [{ attributes: { googclient: "v" } }],
    differs: "goog-attribute",
  },
  {
    what: "an ordering key of 1025 bytes",
    value: [{ data: "eA==", orderingKey: "k".repeat(1025) }],
    differs: "ordering-key-1025-bytes",
  },
];

const SUBSCRIPTIONS: readonly Row[] = [
  { what: "an ack deadline of 601 s", value: { ackDeadlineSeconds: 601 } },
  { what: "an ack deadline of 5 s", value: { ackDeadlineSeconds: 5 }, differs: "ack-deadline-5" },
  { what: "a retention of 599 s", value: { messageRetentionDuration: "599s" } },
  { what: "a backoff above 600 s", value: { retryPolicy: { maximumBackoff: "601s" } } },
  {
    what: "a maximum backoff below the minimum",
    value: { retryPolicy: { minimumBackoff: "20s", maximumBackoff: "10s" } },
  },
  { what: "a push endpoint that is no URL", value: { pushConfig: { pushEndpoint: "notaurl" } } },
  { what: "a push endpoint on ftp", value: { pushConfig: { pushEndpoint: "ftp://worker.example.test/" } } },
  { what: "an expiration after 10 s", value: { expirationPolicy: { ttl: "10s" } }, differs: "expiration-10-seconds" },
  { what: "a filter that does not parse", value: { filter: "garbage(((" }, differs: "unparsable-filter" },
  {
    what: "exactly-once delivery by push",
    value: { enableExactlyOnceDelivery: true, pushConfig: { pushEndpoint: "https://worker.example.test/" } },
    differs: "exactly-once-push",
  },
];

/** For a target with the documented bounds, without switches for tests. */
export function limitsSuite(target: PubsubTarget): void {
  describe("limits", { concurrency: true, timeout: 30_000 }, () => {
    for (const { what, value, differs } of MESSAGES) {
      it(`refuses to publish ${what}`, async () => {
        const topic = await aTopic(target);
        const answer = await rest(target, "POST", `${below(topic.name)}:publish`, { messages: value });
        assert.equal(outcome(answer), differs === undefined ? "refused" : expected(target, differs, "refused"));
      });
    }

    for (const [index, { what, value, differs }] of SUBSCRIPTIONS.entries()) {
      it(`refuses a subscription with ${what}`, async () => {
        const topic = await aTopic(target);
        const answer = await rest(target, "PUT", `subscriptions/refused-${index}`, {
          topic: topic.name,
          ...Object(value),
        });
        assert.equal(outcome(answer), differs === undefined ? "refused" : expected(target, differs, "refused"));
      });
    }

    for (const maxDeliveryAttempts of [1, 4, 101]) {
      it(`refuses ${maxDeliveryAttempts} delivery attempts`, async () => {
        const [topic, deadLetterTopic] = [(await aTopic(target)).name, (await aTopic(target)).name];
        const deadLetterPolicy = { deadLetterTopic, maxDeliveryAttempts };
        const answer = await rest(target, "PUT", `subscriptions/attempts-${maxDeliveryAttempts}`, {
          topic,
          deadLetterPolicy,
        });
        assert.equal(outcome(answer), "refused");
      });
    }

    it("takes a retention of 31 days", async () => {
      const topic = (await aTopic(target)).name;
      const answer = await rest(target, "PUT", "subscriptions/month", { topic, messageRetentionDuration: "2678400s" });
      assert.equal(outcome(answer), expected(target, "retention-31-days", "accepted"));
    });

    it("finds no topic to publish to", async () => {
      const publishing = target.client.topic("nothing-here").publishMessage({ data: Buffer.from("x") });
      await assert.rejects(publishing, { code: status.NOT_FOUND });
    });

    it("finds no topic to subscribe to", async () => {
      const creating = target.client.topic("nothing-here").createSubscription("of-nothing");
      await assert.rejects(creating, { code: status.NOT_FOUND });
    });

    it("finds no topic for dead letters", async () => {
      const deadLetterPolicy = { deadLetterTopic: `projects/${PROJECT}/topics/nothing-here` };
      const creating = (await aTopic(target)).createSubscription("without-dead-letters", { deadLetterPolicy });
      await assert.rejects(creating, { code: status.NOT_FOUND });
    });

    for (const id of ["ab", "1abc", "goog-drafts", "a b c"]) {
      it(`refuses to call a topic "${id}"`, async () => {
        assert.equal(outcome(await rest(target, "PUT", `topics/${encodeURIComponent(id)}`, {})), "refused");
      });
    }
  });
}

function below(name: string): string {
  return name.slice(`projects/${PROJECT}/`.length);
}

function outcome(answer: { readonly status: number }): string {
  return answer.status === 200 ? "accepted" : answer.status === 400 ? "refused" : `HTTP ${answer.status}`;
}
