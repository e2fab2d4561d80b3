import assert from "node:assert/strict";
import { test } from "node:test";
import { newBatch } from "@draftmill/shared/batch/batch.ts";
import { DRAFT_STATES, type DraftRecord, newDraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { batchEvent } from "@draftmill/worker/events/batch-event.ts";
import {
  type EncodedEvent,
  EVENT_TYPES,
  type EventContent,
  encodeCloudEvent,
  sourceIn,
} from "@draftmill/worker/events/cloud-event.ts";
import { draftEvent } from "@draftmill/worker/events/draft-event.ts";

const SOURCE = sourceIn("my-project");
const NOW_MS = Date.UTC(2026, 10, 27, 8);
const SECRETS = { to: ["grace@example.test"], subject: "A subject", body: '{"message":"A text"}' };
const RECORD: DraftRecord = {
  ...newDraftRecord({ id: "d-1", mailbox: "rep@example.com", bodyHash: "hash", ...SECRETS }, NOW_MS),
  ...SECRETS,
  fence: 3,
  metadata: { campaign: "q4" },
  problem: {
    code: "RECIPIENT_REJECTED",
    detail: "Gmail refuses it.",
    remedy: "Ask grace@example.test.",
    retryable: false,
    errors: [{ pointer: "/to", code: "address", detail: "no" }],
  },
};
const COUNTS = { queued: 0, processing: 0, created: 2, failed: 1, parked: 0, dead: 0, canceled: 0 };
const BATCH = newBatch(
  { id: "b-1", name: null, caller: null, source: "items", total: 3, rejected: 0, mailboxes: { "rep@example.com": 3 } },
  NOW_MS,
);

function readEvent({ data }: EncodedEvent): Readonly<Record<string, unknown>> {
  return JSON.parse(data.toString("utf8")) as Readonly<Record<string, unknown>>;
}

function contentOf(changes: Partial<DraftRecord>): EventContent {
  const content = draftEvent({ ...RECORD, ...changes });
  assert.ok(content);
  return content;
}

function idOf(changes: Partial<DraftRecord>): unknown {
  return readEvent(encodeCloudEvent(contentOf(changes), SOURCE)).id;
}

const CONTENTS = [
  contentOf({ state: "created" }),
  contentOf({ state: "failed" }),
  contentOf({ state: "parked" }),
  batchEvent(BATCH, NOW_MS + 1, COUNTS),
];

test("each type has what CloudEvents 1.0 require, in the forms that they require", () => {
  assert.deepEqual(
    CONTENTS.map(({ type }) => type),
    [...EVENT_TYPES],
  );
  for (const content of CONTENTS) {
    const encoded = encodeCloudEvent(content, SOURCE);
    const event = readEvent(encoded);
    // https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#required-attributes
    assert.equal(event.specversion, "1.0");
    for (const name of ["id", "source", "type"]) assert.match(String(event[name]), /^\S+$/, name);
    // A URI-reference: it resolves, and keeps its parts.
    assert.equal(new URL(String(event.source), "https://base.test").pathname, "/projects/my-project/worker");
    assert.match(String(event.type), /^draftmill\./);
    // Optional ones: not empty, RFC 3339, RFC 2046.
    assert.match(String(event.subject), /^.+$/);
    assert.match(String(event.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.equal(event.datacontenttype, "application/json");
    assert.equal(typeof event.data, "object");
    // Names of attributes: lower-case letters and digits.
    for (const name of Object.keys(event)) assert.match(name, /^[a-z0-9]{1,20}$/);
    assert.deepEqual(encoded.attributes, {
      "content-type": "application/cloudevents+json",
      "ce-type": content.type,
    });
  }
});

test("the same event has the same id; another claim, another type, another life of the record has another", () => {
  const id = idOf({ state: "failed" });
  assert.equal(idOf({ state: "failed", updatedAtMs: NOW_MS + 5, looks: 1, dueAtMs: null }), id);
  const others = [
    idOf({ state: "parked" }),
    idOf({ state: "failed", fence: 4 }),
    idOf({ state: "failed", createdAtMs: NOW_MS + 1 }),
    idOf({ state: "failed", id: "d-2" }),
  ];
  assert.equal(new Set([id, ...others]).size, 5);
  const batchId = (changes: object, counts = COUNTS) =>
    readEvent(encodeCloudEvent(batchEvent({ ...BATCH, ...changes }, NOW_MS + 1, counts), SOURCE)).id;
  assert.equal(batchId({ control: "canceled" }, { ...COUNTS, created: 3, failed: 0 }), batchId({}));
  assert.notEqual(batchId({ id: "b-2" }), batchId({}));
});

test("only what has ended is told, and what was withdrawn is not; dead is a failure", () => {
  const told = DRAFT_STATES.map((state) => [state, draftEvent({ ...RECORD, state })?.type ?? null]);
  assert.deepEqual(Object.fromEntries(told), {
    queued: null,
    processing: null,
    created: "draftmill.draft.created",
    failed: "draftmill.draft.failed",
    parked: "draftmill.draft.parked",
    dead: "draftmill.draft.failed",
    canceled: null,
  });
});

test("nothing of the mail is in it: no recipient, subject, text or remedy", () => {
  for (const content of CONTENTS) {
    const text = encodeCloudEvent(content, SOURCE).data.toString("utf8");
    for (const secret of ["grace@", "A subject", "A text", "remedy", "pointer"])
      assert.ok(!text.includes(secret), text);
  }
  const { data } = contentOf({ state: "failed" });
  assert.deepEqual((data as { problem: object }).problem, {
    code: "RECIPIENT_REJECTED",
    detail: "Gmail refuses it.",
    retryable: false,
  });
  assert.deepEqual((data as { metadata: object }).metadata, { campaign: "q4" });
});
