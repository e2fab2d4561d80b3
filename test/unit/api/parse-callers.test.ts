import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCallers } from "@draftmill/api/callers/parse-callers.ts";

const ENTRY = { caller: "crm@corp.example", mailboxes: ["rep@corp.example"], role: "submit" };

function problemsOf(value: unknown): string[] {
  const parsed = parseCallers(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));
  return parsed.ok ? [] : parsed.problems.map(({ pointer, code }) => `${pointer} ${code}`);
}

const withEntry = (changes: object): object => ({ callers: [{ ...ENTRY, ...changes }] });

test("addresses and domains come out in lower case, limits with their defaults", () => {
  const parsed = parseCallers(
    Buffer.from(
      JSON.stringify({
        $schema: "callers.schema.json",
        callers: [
          { caller: "CRM@Corp.Example", mailboxes: ["Rep@Corp.Example", "@Bücher.example"], role: "submit" },
          { caller: "@Corp.Example", mailboxes: [], role: "operate", requestsPerSecond: 0.5, draftsPerDay: 7 },
        ],
      }),
    ),
  );
  assert.ok(parsed.ok);
  assert.deepEqual(Object.fromEntries(parsed.policy.addresses), {
    "crm@corp.example": {
      role: "submit",
      mailboxes: { addresses: new Set(["rep@corp.example"]), domains: new Set(["xn--bcher-kva.example"]) },
      requestsPerSecond: 10,
      burst: 10,
      draftsPerDay: null,
    },
  });
  const { requestsPerSecond, burst, draftsPerDay } = parsed.policy.domains.get("corp.example") ?? {};
  assert.deepEqual({ requestsPerSecond, burst, draftsPerDay }, { requestsPerSecond: 0.5, burst: 1, draftsPerDay: 7 });
});

const FAULTS: readonly (readonly [string, unknown, readonly string[]])[] = [
  ["nothing", "", [" json"]],
  ["cut JSON", '{"callers":[', [" json"]],
  ["a list", [], [" type"]],
  ["no callers", {}, ["/callers required"]],
  ["callers by name", { callers: { a: {} } }, ["/callers type"]],
  ["another field", { callers: [], mailboxes: [] }, ["/mailboxes unknownField"]],
  ["a misspelt field", withEntry({ draftPerDay: 5 }), ["/callers/0/draftPerDay unknownField"]],
  ["no role", withEntry({ role: undefined }), ["/callers/0/role required"]],
  ["another role", withEntry({ role: "admin" }), ["/callers/0/role enum"]],
  ["no mailboxes", withEntry({ mailboxes: undefined }), ["/callers/0/mailboxes required"]],
  ["a text of mailboxes", withEntry({ mailboxes: "rep@corp.example" }), ["/callers/0/mailboxes type"]],
  ["a wildcard", withEntry({ mailboxes: ["*"] }), ["/callers/0/mailboxes/0 minLength"]],
  ["a wildcard in an address", withEntry({ mailboxes: ["*@*.example"] }), ["/callers/0/mailboxes/0 address"]],
  ["a caller that is none", withEntry({ caller: "crm.corp.example" }), ["/callers/0/caller address"]],
  ["a limit as a text", withEntry({ requestsPerSecond: "10" }), ["/callers/0/requestsPerSecond type"]],
  ["no calls at all", withEntry({ requestsPerSecond: 0 }), ["/callers/0/requestsPerSecond minimum"]],
  [
    "half a draft",
    withEntry({ draftsPerDay: 0.5 }),
    ["/callers/0/draftsPerDay type", "/callers/0/draftsPerDay minimum"],
  ],
  ["one caller twice", { callers: [ENTRY, { ...ENTRY, caller: "CRM@corp.example" }] }, ["/callers/1/caller duplicate"]],
];

for (const [name, value, expected] of FAULTS) {
  test(`a file with ${name} is refused by its place`, () => {
    assert.deepEqual(problemsOf(value).toSorted(), [...expected].toSorted());
  });
}

test("every fault is told at once, in words that hold no address", () => {
  const value = {
    callers: [
      { ...ENTRY, role: "admin", mailboxes: ["secret@corp", "fine@corp.example", 7] },
      { caller: "secret@", mailboxes: [], role: "submit", "secret@corp.example": 1 },
    ],
  };
  const parsed = parseCallers(Buffer.from(JSON.stringify(value)));
  assert.ok(!parsed.ok);
  assert.deepEqual(parsed.problems.map(({ pointer }) => pointer).toSorted(), [
    "/callers/0/mailboxes/0",
    "/callers/0/mailboxes/2",
    "/callers/0/role",
    "/callers/1/caller",
    "/callers/1/secret@corp.example",
  ]);
  const details = parsed.problems.filter(({ code }) => code !== "unknownField").map(({ detail }) => detail);
  assert.doesNotMatch(details.join(), /secret/);
  assert.match(details.join(), /submit, operate/);
});

test("what is not JSON is told by its place, not by its text", () => {
  const parsed = parseCallers(Buffer.from('{"callers":[\n{"caller": secret@corp.example}]}'));
  assert.ok(!parsed.ok);
  assert.doesNotMatch(parsed.problems[0]?.detail ?? "", /secret/);
  assert.deepEqual(problemsOf(`{"callers":[]}\ufeff`), [" json"]);
  const latin1 = parseCallers(Buffer.from('{"callers":[],"é":1}', "latin1"));
  assert.ok(!latin1.ok);
});
