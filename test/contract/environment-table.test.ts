import assert from "node:assert/strict";
import { test } from "node:test";
import { API_VARIABLES } from "@draftmill/api/config.ts";
import type { EnvVar } from "@draftmill/shared/env.ts";
import { WORKER_VARIABLES } from "@draftmill/worker/config.ts";
import { readText, tableUnder, writeTable } from "../support/readme.ts";

function defaultOf(variable: EnvVar<unknown>): string {
  if (!("fallback" in variable)) return "required";
  const { fallback } = variable;
  return fallback === undefined || fallback === null ? "unset" : `\`${String(fallback)}\``;
}

/** Variables of both services with one default and one meaning share a row. */
function expectedRows(): string[][] {
  const api: Readonly<Record<string, EnvVar<unknown>>> = API_VARIABLES;
  const worker: Readonly<Record<string, EnvVar<unknown>>> = WORKER_VARIABLES;
  const row = (name: string, service: string, variable: EnvVar<unknown>): string[] => [
    `\`${name}\``,
    service,
    defaultOf(variable),
    variable.meaning,
  ];
  const shared: string[][] = [];
  const own: string[][] = [];
  for (const [name, variable] of Object.entries(api)) {
    const other = worker[name];
    if (other === undefined) own.push(row(name, "api", variable));
    else {
      const both = row(name, "both", variable);
      assert.deepEqual(both, row(name, "both", other), `api and worker tell different things of ${name}`);
      shared.push(both);
    }
  }
  for (const [name, variable] of Object.entries(worker)) {
    if (api[name] === undefined) own.push(row(name, "worker", variable));
  }
  return [...shared, ...own];
}

test("the README's configuration table has every variable of both services as the code reads it, and no other", () => {
  assert.deepEqual(
    tableUnder(readText("README.md"), "Configuration"),
    writeTable(["variable", "service", "default", "meaning"], expectedRows()),
    "paste the expected lines into README.md, section Configuration",
  );
});
