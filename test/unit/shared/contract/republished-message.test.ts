import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeDraftMessage, type EncodedMessage } from "@draftmill/shared/contract/draft-message.ts";
import { newDraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { orderingKeyOf } from "@draftmill/shared/contract/ordering-key.ts";
import { encodeOnceMore, encodeRepublished } from "@draftmill/shared/contract/republished-message.ts";

const MAILBOX = "rep@corp.example";
const BODY = { to: "ada@example.com", subject: "S", message: "M" };
const PUBLISH_TIME = "2026-01-01T00:00:00Z";

const CASES = [
  { what: "that named its mailbox", body: { ...BODY, mailbox: MAILBOX }, attributes: {} },
  { what: "for the default mailbox, which is another by now", body: BODY, attributes: {} },
  { what: "whose dedupeKey is in the body", body: { ...BODY, dedupeKey: "k" }, attributes: {} },
  { what: "whose dedupeKey came as an attribute", body: BODY, attributes: { dedupeKey: "k" } },
  {
    what: "whose empty dedupeKey gave way to an attribute",
    body: { ...BODY, dedupeKey: "" },
    attributes: { dedupeKey: "k" },
  },
];

for (const { what, body, attributes } of CASES) {
  test(`a request ${what} is the same when it is published again`, () => {
    const text = JSON.stringify(body);
    const first = { messageId: "m-1", publishTime: PUBLISH_TIME, orderingKey: null, deliveryAttempt: null };
    const pushed = { ...first, data: Buffer.from(text), attributes, subscription: "s" };
    const decoded = decodeDraftMessage(pushed, MAILBOX);
    assert.ok(decoded.ok);
    const { id, request, bodyHash } = decoded.message;
    const { mailbox, subject, dedupeKey } = request;
    const about = { id, mailbox, subject, dedupeKey, bodyHash, to: ["ada@example.com"] };
    const again = encodeRepublished({ ...newDraftRecord(about, 0), generation: 1 }, text, 16);
    const decodedAgain = decodeDraftMessage({ ...pushed, messageId: "m-2", ...delivered(again) }, "other@corp.example");
    assert.ok(decodedAgain.ok);
    assert.deepEqual(
      [decodedAgain.message.id, decodedAgain.message.bodyHash, decodedAgain.message.generation],
      [id, bodyHash, 1],
    );
  });
}

test("what could not be read as a request is published as it came", () => {
  const record = newDraftRecord({ id: "m-1", mailbox: "", to: [], subject: "", bodyHash: "h" }, 0);
  const again = encodeRepublished(record, "not JSON", 16);
  assert.deepEqual([String(again.data), again.orderingKey], ["not JSON", null]);
});

test("what a replay has taken up says of which, also when it is handed back", () => {
  const record = newDraftRecord({ id: "m-1", mailbox: MAILBOX, to: [], subject: "", bodyHash: "h" }, 0);
  const body = JSON.stringify(BODY);
  assert.equal(encodeRepublished(record, body, 16).attributes.replay, undefined);
  const replayed = encodeRepublished({ ...record, generation: 1, replayedBy: "r-1" }, body, 16);
  assert.equal(replayed.attributes.replay, "r-1");
  const delivery = { messageId: "m-2", publishTime: PUBLISH_TIME, deliveryAttempt: 1, subscription: "s" };
  assert.deepEqual(encodeOnceMore({ ...delivery, ...delivered(replayed) }, record, 16), delivered(replayed));
});

test("the very message once more is the same request, under the id that it had of its messageId", () => {
  const attributes = { dedupeKey: "", caller: "crm", batch: "b-1", accepted: "1/r-7", googclient_x: "y", other: "z" };
  const data = Buffer.from(JSON.stringify({ ...BODY, mailbox: MAILBOX }));
  const pushed = {
    messageId: "m-1",
    publishTime: PUBLISH_TIME,
    orderingKey: null,
    deliveryAttempt: 3,
    data,
    attributes,
    subscription: "s",
  };
  const decoded = decodeDraftMessage(pushed, null);
  assert.ok(decoded.ok);
  const about = { id: decoded.message.id, mailbox: MAILBOX };
  const again = encodeOnceMore(pushed, about, 16);
  assert.deepEqual(again.attributes, { dedupeKey: "", caller: "crm", batch: "b-1", accepted: "1/r-7", id: "m-1" });
  assert.equal(again.orderingKey, orderingKeyOf(MAILBOX, "m-1", 16));
  const decodedAgain = decodeDraftMessage({ ...pushed, messageId: "m-2", ...delivered(again) }, null);
  assert.deepEqual(decodedAgain, decoded);
  assert.equal(encodeOnceMore({ ...pushed, orderingKey: "theirs" }, about, 16).orderingKey, "theirs");
  assert.equal(encodeOnceMore({ ...pushed, orderingKey: "theirs" }, about, 0).orderingKey, null);
});

/** What was published, as Pub/Sub pushes it. */
function delivered({ data, ...others }: EncodedMessage) {
  return { ...others, data: Buffer.from(data) };
}
