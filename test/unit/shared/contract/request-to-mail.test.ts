import assert from "node:assert/strict";
import { test } from "node:test";
import { composeMessage } from "@draftmill/shared/compose/compose-message.ts";
import { parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import fc from "fast-check";
import PostalMime, { type Address } from "postal-mime";

const MAILBOX = "rep@corp.example";

const letters = fc.string({ unit: "grapheme", maxLength: 40 });
const specials = fc.string({ unit: fc.constantFrom(..."\"\\,;:<>()[]@.=?_ éß'{}"), maxLength: 30 });
const word = fc.oneof(letters, specials, fc.constantFrom("Ada Lovelace", "Zoë", "\u00a0", "Dr. 李小龍", "=?", "?="));
const address = fc.stringMatching(/^[a-z0-9]{1,12}(\.[a-z0-9+_-]{1,12})?@[a-z0-9]{1,12}\.(example|test|co\.uk)$/);
const person = fc.record({ name: word, address }, { noNullPrototype: true });
const people = (minLength: number) => fc.array(person, { minLength, maxLength: 3 });
const subject = fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.join(" "));
const asked = fc.record(
  { to: people(1), cc: people(0), bcc: people(0), replyTo: people(0), subject, message: letters, html: letters },
  { noNullPrototype: true },
);

type Person = { readonly name: string; readonly address: string };

const written = ({ name, address: bare }: Person): string =>
  name === "" ? bare : `"${name.replaceAll(/["\\]/g, "\\$&")}" <${bare}>`;

/** White space folds in a header: what counts is which words stand in it. */
const folded = (text: string | undefined): string => (text ?? "").replaceAll(/\s+/g, " ").trim();

const read = (list: readonly Address[] | undefined): Person[] =>
  (list ?? []).map(({ name, address: bare }) => ({ name: folded(name), address: bare ?? "a group" }));

test("a mail has exactly the recipients, names and subject that were asked for, or the request is refused", async () => {
  let composed = 0;
  await fc.assert(
    fc.asyncProperty(asked, async ({ to, cc, bcc, replyTo, message, html, ...rest }) => {
      const body = {
        ...rest,
        to: to.map(written),
        cc: cc.map(written).join(", "),
        bcc: bcc.map(written),
        replyTo: replyTo.map(written).join(),
        message: message || "x",
        html,
      };
      const parsed = parseDraftRequest(body, MAILBOX);
      if (!parsed.ok) {
        for (const { code } of parsed.problems)
          assert.match(code, /^(characters|address|required|minLength|maxLength)$/);
        return;
      }
      const mime = await composeMessage(parsed.request, { id: "d-1", nowMs: 0 });
      composed += 1;
      const mail = await PostalMime.parse(mime);
      const expected = (list: readonly Person[]): Person[] =>
        list.map(({ name, address: bare }) => ({ name: folded(name), address: bare }));
      assert.deepEqual(read(mail.to), expected(to));
      assert.deepEqual(read(mail.cc), expected(cc));
      assert.deepEqual(read(mail.bcc), expected(bcc));
      assert.deepEqual(read(mail.replyTo), expected(replyTo));
      assert.deepEqual(read(mail.from === undefined ? [] : [mail.from]), [{ name: "", address: MAILBOX }]);
      assert.equal(folded(mail.subject), folded(rest.subject));
    }),
    { numRuns: 2_000 },
  );
  assert.ok(composed > 1_500, `only ${composed} of 2,000 requests came as far as a mail`);
});
