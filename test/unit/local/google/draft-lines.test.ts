import assert from "node:assert/strict";
import { test } from "node:test";
import { DraftStore } from "@draftmill/local/google/gmail/draft-store.ts";
import { rememberLines } from "@draftmill/local/google/mailbox-page/draft-lines.ts";
import { openState } from "@draftmill/local/google/state.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import { message } from "./google-harness.ts";

const ADA = "ada@example.com";

test("a list reads each message once, and again when it has changed", (t) => {
  const db = openState(":memory:");
  t.after(() => db.close());
  const store = new DraftStore(db, systemClock);
  const contentOf = (subject: string) => ({
    raw: Buffer.from(message({ To: "grace@example.com", Subject: subject }, "the text")),
    rfc822MessageId: "<a@example.com>",
  });
  const read: string[] = [];
  const linesOf = rememberLines({
    find(mailbox, id) {
      read.push(id);
      return store.find(mailbox, id);
    },
  });
  const lines = () => linesOf(store.list(ADA, 10)).map(({ to, subject, snippet }) => `${to} | ${subject} | ${snippet}`);
  const first = store.create(ADA, contentOf("first"));
  const second = store.create(ADA, contentOf("second"));
  for (let looks = 0; looks < 3; looks += 1) {
    assert.deepEqual(lines(), ["grace@example.com | second | the text", "grace@example.com | first | the text"]);
  }
  assert.deepEqual(read, [second.id, first.id]);
  store.update(ADA, first.id, contentOf("changed"));
  assert.deepEqual(lines(), ["grace@example.com | changed | the text", "grace@example.com | second | the text"]);
  assert.deepEqual(read, [second.id, first.id, first.id]);
  assert.ok(store.recent(10).every((entry) => !("raw" in entry)));
});
