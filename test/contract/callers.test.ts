import assert from "node:assert/strict";
import { test } from "node:test";
import { CALLER_ENTRY_SCHEMA, CALLERS_SCHEMA } from "@draftmill/api/callers/callers-schema.ts";
import { parseCallers } from "@draftmill/api/callers/parse-callers.ts";
import { Ajv2020 } from "ajv/dist/2020.js";
import { readText, tableUnder, writeTable } from "../support/readme.ts";
import { anApi } from "../unit/api/api-under-test.ts";

const README = readText("README.md");
const SECTION = README.slice(README.indexOf("\n## Callers\n"), README.indexOf("\n## When no draft appears\n"));

/** Every table of the section, each as {@link tableUnder} gives one. */
function tables(): string[][] {
  return SECTION.split(/\n\n(?=\|)/)
    .slice(1)
    .map((from) => tableUnder(`# Here\n\n${from}`, "Here"));
}

test("the README's table of fields has every field of an entry as the schema tells it, and no other", () => {
  const required: readonly string[] = CALLER_ENTRY_SCHEMA.required;
  const rows = Object.entries(CALLER_ENTRY_SCHEMA.properties).map(([name, property]) => {
    const { default: fallback, description } = { default: "unset", ...property };
    return [
      `\`${name}\``,
      required.includes(name) ? "required" : `\`${fallback}\``.replace("`unset`", "unset"),
      description,
    ];
  });
  assert.deepEqual(
    tables()[1],
    writeTable(["field", "default", "meaning"], rows),
    "paste the expected lines into README.md, section Callers",
  );
});

test("the README's table of calls has every call that asks for a caller, and who may make it", async (t) => {
  const { app } = await anApi(t);
  const {
    paths,
  }: {
    paths: Record<string, Record<string, { security?: unknown; responses: Record<number, { description: string }> }>>;
  } = (await app.inject("/openapi.json")).json();
  const guarded = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, { security, responses }]) =>
      security === undefined
        ? []
        : [
            {
              call: `${method.toUpperCase()} ${path}`,
              operates: /ROLE_NOT_ALLOWED/.test(responses[403]?.description ?? ""),
            },
          ],
    ),
  );
  const rows = (tables()[2] ?? []).slice(2).flatMap((line) => {
    const [, calls = "", submit = ""] = line.split(" | ".trim()).map((cell) => cell.trim());
    return [...calls.matchAll(/`([^`]+)`/g)].map(([, call = ""]) => ({ call, submit }));
  });
  assert.deepEqual(rows.map(({ call }) => call).toSorted(), guarded.map(({ call }) => call).toSorted());
  for (const { call, submit } of rows) {
    // A list is an operator's only without a mailbox.
    const operates = guarded.find((route) => route.call === call)?.operates === true && call !== "GET /v1/drafts";
    assert.equal(submit === "", operates, call);
  }
});

test("the README's policy is one that the service takes", () => {
  const [, example = ""] = /```\n(\{[\s\S]*?\n\})\n```/.exec(SECTION) ?? [];
  const parsed = parseCallers(Buffer.from(example));
  assert.ok(parsed.ok, JSON.stringify(parsed));
  assert.equal(parsed.policy.addresses.size, 2);
  assert.equal(parsed.policy.domains.get("corp.example")?.requestsPerSecond, 1);
});

test("the schema that is served is the one that checks, and JSON Schema 2020-12", async (t) => {
  const { app } = await anApi(t);
  const answer = await app.inject("/callers.schema.json");
  assert.equal(answer.headers["content-type"], "application/schema+json; charset=utf-8");
  assert.deepEqual(answer.json(), JSON.parse(JSON.stringify(CALLERS_SCHEMA)));
  const fits = new Ajv2020().compile(answer.json());
  assert.ok(fits({ callers: [{ caller: "a@b.example", mailboxes: [], role: "operate" }] }));
  assert.ok(!fits({ callers: [{ caller: "a@b.example", mailboxes: [], role: "admin" }] }));
});
