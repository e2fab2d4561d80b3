import assert from "node:assert/strict";
import { test } from "node:test";
import { idFromDedupeKey, idOfIdempotencyKey, isRequestId } from "@draftmill/shared/contract/request-id.ts";
import fc from "fast-check";

test("ids keep their value from release to release: a retry may come after a deployment", () => {
  assert.equal(idFromDedupeKey("rep@corp.example", "order-17"), "d-al3KTYicWEQpJF5kWvyRQht6Y-i84cAVsy9imNiavqw");
  assert.equal(idOfIdempotencyKey("crm@x.example", "/v1/drafts", "k"), "i-VhWMoHupZKFqM399tOBlt09MC-ogPz6kNTRdIFWF6mY");
});

test("a derived id is an id, whatever it is derived from", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (mailbox, key) => {
      assert.ok(isRequestId(idFromDedupeKey(mailbox, key)));
      assert.ok(isRequestId(idOfIdempotencyKey("", mailbox, key)));
    }),
  );
});

test("parts do not run into each other", () => {
  const ids = [
    idFromDedupeKey("ab", "c"),
    idFromDedupeKey("a", "bc"),
    idFromDedupeKey('a","b', "c"),
    idOfIdempotencyKey("a", "b", "c"),
    idOfIdempotencyKey("", "ab", "c"),
    idOfIdempotencyKey("ab", "", "c"),
  ];
  assert.equal(new Set(ids).size, ids.length);
});
