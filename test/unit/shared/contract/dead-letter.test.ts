import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";
import { type DeadLetter, encodeDeadLetter } from "@draftmill/shared/contract/dead-letter.ts";
import { decodeDraftMessage } from "@draftmill/shared/contract/draft-message.ts";
import type { PushedMessage } from "@draftmill/shared/contract/pushed-message.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import { openTopicPublisher } from "@draftmill/shared/pubsub/topic-publisher.ts";
import fc from "fast-check";

const FAILED_AT_MS = Date.UTC(2026, 10, 22, 9, 30);
const ERROR = new DraftError("SCOPE_NOT_GRANTED", { facts: { clientId: "1234", scope: "https://mail.google.com/" } });

function pushed(changes: Partial<PushedMessage> = {}): PushedMessage {
  return {
    messageId: "1234567890",
    publishTime: "2026-11-22T09:30:00Z",
    data: Buffer.from("{}"),
    attributes: {},
    orderingKey: null,
    deliveryAttempt: 1,
    subscription: "projects/demo/subscriptions/draft-requests-push",
    ...changes,
  };
}

describe("a dead letter", () => {
  it("carries the message as it was, and beside it what happened and where it came from", () => {
    const data = Buffer.from('{"to":"é"}');
    const letter = encodeDeadLetter(pushed({ data, attributes: { source: "crm" } }), "order-17", ERROR, FAILED_AT_MS);
    assert.equal(letter.data, data);
    const { draftmillRemedy, ...rest } = letter.attributes;
    assert.deepEqual(rest, {
      source: "crm",
      id: "order-17",
      draftmillCode: "SCOPE_NOT_GRANTED",
      draftmillClass: "admin",
      draftmillReason: "The token does not carry the scope that making drafts needs.",
      draftmillFailedAt: "2026-11-22T09:30:00.000Z",
      draftmillSourceMessageId: "1234567890",
      draftmillSourceSubscription: "projects/demo/subscriptions/draft-requests-push",
    });
    assert.match(draftmillRemedy ?? "", /client 1234 .*https:\/\/mail\.google\.com\//);
  });

  it("published again, it is the same request under the same id", () => {
    const data = Buffer.from('{"to":"ada@example.com","subject":"s","message":"m"}');
    const original = pushed({ data, attributes: { dedupeKey: "k" } });
    const first = decodeDraftMessage(original, "rep@corp.example");
    assert.ok(first.ok);
    const letter = encodeDeadLetter(original, first.message.id, ERROR, FAILED_AT_MS);
    const second = decodeDraftMessage(pushed({ ...letter, messageId: "99" }), "rep@corp.example");
    assert.deepEqual(second, first);
  });

  it("replaces the marks of an earlier failure", () => {
    const once = encodeDeadLetter(pushed(), "a", new DraftError("REQUEST_INVALID", { reason: "first" }), 0);
    const twice = encodeDeadLetter(pushed({ attributes: once.attributes }), "a", ERROR, FAILED_AT_MS);
    assert.deepEqual(Object.keys(twice.attributes).toSorted(), Object.keys(once.attributes).toSorted());
    assert.equal(twice.attributes.draftmillCode, "SCOPE_NOT_GRANTED");
  });

  it("cuts a long reason within 1,024 bytes, never inside a character", () => {
    for (const unit of ["x", "é", "€", "👍", "👩‍👩‍👧"]) {
      for (let shift = 0; shift < 4; shift += 1) {
        const reason = "y".repeat(shift) + unit.repeat(1_500);
        const { attributes } = encodeDeadLetter(pushed(), "a", new DraftError("INTERNAL", { reason }), 0);
        const told = attributes.draftmillReason ?? "";
        assert.ok(Buffer.byteLength(told) <= 1_024 && Buffer.byteLength(told) > 1_010, `${Buffer.byteLength(told)}`);
        assert.ok(told.endsWith("…") && reason.startsWith(told.slice(0, -1)), told.slice(-10));
      }
    }
    const exact = "x".repeat(1_024);
    assert.equal(
      encodeDeadLetter(pushed(), "a", new DraftError("INTERNAL", { reason: exact }), 0).attributes.draftmillReason,
      exact,
    );
  });
});

describe("Pub/Sub takes every dead letter", { timeout: 60_000 }, () => {
  let publish: (letter: DeadLetter) => Promise<string>;
  let close: () => Promise<void>;
  before(async () => {
    const pubsub = await startPubsub({ statePath: ":memory:", signer: await createIdTokenSigner() });
    await fetch(`${pubsub.url}/v1/projects/demo/topics/dead`, { method: "PUT", body: "{}" });
    const publisher = await openTopicPublisher({
      topic: "dead",
      projectId: "demo",
      emulatorHost: pubsub.hostPort,
      ordered: false,
      timeoutMs: 5_000,
    });
    publish = (letter) => publisher.publish(letter);
    close = async () => {
      await publisher.close();
      await pubsub.close();
    };
  });
  after(() => close());

  it("of a message with the most and the longest attributes there can be", async () => {
    const many = Array.from({ length: 100 }, (_, index) => [`${"n".repeat(250)}${index}`, "v".repeat(1_024)]);
    const letter = encodeDeadLetter(pushed({ attributes: Object.fromEntries(many) }), "a", ERROR, FAILED_AT_MS);
    assert.equal(Object.keys(letter.attributes).length, 100);
    assert.equal(letter.attributes.draftmillCode, "SCOPE_NOT_GRANTED");
    await publish(letter);
  });

  it("of a message with names that only Google may use", async () => {
    const attributes = { googclient_schemaencoding: "JSON", goog: "x", google: "y", Google: "kept", good: "kept" };
    const letter = encodeDeadLetter(pushed({ attributes }), "a", ERROR, FAILED_AT_MS);
    assert.deepEqual(
      Object.keys(letter.attributes).filter((name) => /^goo/i.test(name)),
      ["Google", "good"],
    );
    await publish(letter);
  });

  it("of the largest body that the api takes, with as much beside it as there can be", async () => {
    const many = Array.from({ length: 100 }, (_, index) => [`${"n".repeat(250)}${index}`, "v".repeat(1_024)]);
    const original = pushed({ data: Buffer.alloc(8 * 1024 * 1024, "x"), attributes: Object.fromEntries(many) });
    await publish(encodeDeadLetter(original, "a", ERROR, FAILED_AT_MS));
  });

  it("of a message without data", async () => {
    await publish(encodeDeadLetter(pushed({ data: Buffer.alloc(0) }), "a", ERROR, FAILED_AT_MS));
  });

  it("of a request whose field names are not text", async () => {
    const data = Buffer.from('{"to":"a@example.com","subject":"s","message":"m","metadata":{"\\ud800":5},"\\udc00":1}');
    const result = decodeDraftMessage(pushed({ data }), "rep@corp.example");
    assert.ok(!result.ok);
    await publish(encodeDeadLetter(pushed({ data }), result.id, result.error, FAILED_AT_MS));
  });

  it("whatever the reason and the attributes", async () => {
    const name = fc.string({ unit: "binary", minLength: 1, maxLength: 60 });
    const attributes = fc.dictionary(name, fc.string({ unit: "binary", maxLength: 250 }), { noNullPrototype: true });
    const reason = fc.string({ unit: "grapheme", maxLength: 600, size: "max" });
    await fc.assert(
      fc.asyncProperty(attributes, reason, async (given, why) => {
        const original = pushed({ attributes: given });
        const error = new DraftError("REQUEST_INVALID", { reason: `${why}\ud800` });
        const letter = encodeDeadLetter(original, "a", error, FAILED_AT_MS);
        assert.ok(letter.attributes.draftmillReason?.isWellFormed());
        await publish(letter);
      }),
      { numRuns: 100 },
    );
  });
});
