import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeDraftMessage } from "@draftmill/shared/contract/draft-message.ts";
import { isRequestId } from "@draftmill/shared/contract/request-id.ts";
import fc from "fast-check";
import { bodyOf, FIELDS, FINE, LIST_FIELDS, withField, withFile } from "./hostile-request.ts";
import { anyText, NAUGHTY } from "./hostile-text.ts";
import { readIsEmailSet } from "./is-email.ts";
import { assertNamesSuspects } from "./judge.ts";
import { judgeInProcess, MAILBOX } from "./judge-in-process.ts";
import { runParameters } from "./run-parameters.ts";

test("each naughty string in each field", async (t) => {
  const counts = { composed: 0, refused: 0 };
  for (const text of NAUGHTY) {
    for (const field of FIELDS) {
      for (const asked of [
        withField(field, text),
        ...(LIST_FIELDS.includes(field as never)
          ? [withField(field, `"${text.replaceAll(/["\\]/g, "\\$&")}" <ada@example.com>`)]
          : []),
        ...(field === "attachments" ? [withFile({ contentType: text }), withFile({ content: text })] : []),
      ]) {
        counts[await judgeInProcess(asked)] += 1;
      }
    }
  }
  t.diagnostic(`${NAUGHTY.length} strings: ${JSON.stringify(counts)}`);
  assert.ok(NAUGHTY.length > 400);
});

test("each address of the is_email set as each kind of recipient: none that it calls an error is taken", async (t) => {
  const counts: Record<string, number> = {};
  const samples = readIsEmailSet();
  for (const { text, category } of samples) {
    for (const field of LIST_FIELDS) {
      const verdict = await judgeInProcess(withField(field, [text]));
      if (verdict === "composed") assert.notEqual(category, "ERR", text);
      counts[`${category} ${verdict}`] = (counts[`${category} ${verdict}`] ?? 0) + 1;
    }
  }
  t.diagnostic(`${samples.length} addresses: ${JSON.stringify(counts)}`);
  assert.equal(samples.length, 164);
});

test("no attribute of a message makes its reading fail, and none but an id becomes its id", (t) => {
  const attributes = fc.dictionary(
    fc.oneof(
      {
        weight: 5,
        arbitrary: fc.constantFrom("id", "dedupeKey", "caller", "batch", "traceparent", "generation", "accepted"),
      },
      anyText,
    ),
    anyText,
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(attributes, fc.oneof(fc.constant(JSON.stringify(bodyOf(FINE))), anyText), (given, data) => {
      const pushed = {
        messageId: "m-1",
        publishTime: "",
        data: Buffer.from(data),
        attributes: given,
        orderingKey: null,
        deliveryAttempt: 1,
        subscription: "s",
      };
      const decoded = decodeDraftMessage(pushed, MAILBOX);
      const id = decoded.ok ? decoded.message.id : decoded.id;
      assert.ok(isRequestId(id), id);
      if (id === given.id) assert.ok(isRequestId(given.id));
      if (decoded.ok) return;
      assert.match(decoded.error.code, /^(MESSAGE_MALFORMED|REQUEST_INVALID)$/);
      if (decoded.error.code === "REQUEST_INVALID" && data.startsWith("{"))
        assertNamesSuspects(decoded.error.fields, ["dedupeKey"]);
    }),
    runParameters(t, 3_000),
  );
});
