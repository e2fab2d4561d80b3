import assert from "node:assert/strict";
import { test } from "node:test";
import { mayImpersonate, parseMailboxPolicy } from "@draftmill/shared/contract/mailbox-policy.ts";

const POLICY = parseMailboxPolicy("Rep@Corp.Example, desk@corp.example\n@team.example @bücher.example,");

for (const mailbox of ["rep@corp.example", "desk@corp.example", "any@team.example", "x@xn--bcher-kva.example"]) {
  test(`${mailbox} is on the list`, () => assert.equal(mayImpersonate(POLICY, mailbox), true));
}

for (const mailbox of [
  "ceo@corp.example",
  "any@sub.team.example",
  "any@team.example.evil.example",
  "any@eam.example",
  "any@xteam.example",
  "@team.example",
  "team.example",
  "any@evil.example@team.example.",
  "",
  "constructor",
]) {
  test(`${JSON.stringify(mailbox)} is not`, () => assert.equal(mayImpersonate(POLICY, mailbox), false));
}

for (const [text, why] of [
  ["", /lists no mailbox/],
  [" , ", /lists no mailbox/],
  ["corp.example", /"corp\.example", which is neither/],
  ["@", /"@", which is neither/],
  ["*", /neither/],
  ["@*.example", /neither/],
  ["*@corp.example, @", /neither/],
  ["@localhost", /neither/],
  ["rep@corp.example; desk@corp.example", /neither/],
  ["Rep <rep@corp.example>", /neither/],
] as const) {
  test(`the list ${JSON.stringify(text)} is refused`, () => {
    // An asterisk is a legal character before the @, so only the domain's part could make a wildcard of it.
    if (text === "*@corp.example, @") assert.doesNotThrow(() => parseMailboxPolicy("*@corp.example"));
    assert.throws(() => parseMailboxPolicy(text), why);
  });
}
