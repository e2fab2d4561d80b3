import assert from "node:assert/strict";
import { test } from "node:test";
import { RESULT_FORMATS } from "@draftmill/api/batches/result-format.ts";
import type { Command } from "@draftmill/api/cli/command.ts";
import { COMMANDS } from "@draftmill/api/cli/commands.ts";
import { helpOf } from "@draftmill/api/cli/help.ts";
import { parseCommandLine } from "@draftmill/api/cli/parse-command-line.ts";
import { ROUTES } from "@draftmill/api/cli/routes.ts";
import { describeApi } from "@draftmill/api/openapi.ts";
import { DRAFT_STATES, FAILURE_STATES } from "@draftmill/shared/contract/draft-record.ts";
import { REPLAY_FILTER_SCHEMA } from "@draftmill/shared/replay/replay-order.ts";
import { readText } from "../support/readme.ts";
import { importsOf, trackedFiles } from "../support/repository.ts";

const LINE_MAX = 200;

/** What a shell makes of a command line of the help or of a page, as far as they go. */
function wordsOf(line: string): readonly string[] {
  const [command = ""] = line.split(/ [<>|] ?/, 1);
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain = ""]) => quoted ?? plain);
}

/** Reads a line that begins with draftmill, as the command line itself would. */
function accepts(line: string): Command {
  const [program, name = "", ...args] = wordsOf(line.replace(/^npx /, ""));
  assert.equal(program, "draftmill", line);
  const command = COMMANDS.find((one) => one.name === name);
  assert.ok(command, `there is no command ${name}: ${line}`);
  parseCommandLine(command, args);
  return command;
}

for (const command of COMMANDS) {
  test(`the help of ${command.name} has each of its options and an example that the command takes`, () => {
    const help = helpOf(command);
    assert.match(command.summary, /^[A-Z].*[^.]$/);
    for (const [name, option] of Object.entries(command.options)) {
      assert.ok(help.includes(`--${name}`) && help.includes(option.help), name);
      assert.match(option.help, /[^.]$/);
    }
    assert.ok(command.examples.length > 0);
    for (const { line, tells } of command.examples) {
      assert.ok(help.includes(line) && help.includes(tells));
      const [, inner = line] = /\$\((.*)\)/.exec(line) ?? [];
      assert.equal(accepts(inner.replace(/^.*\| */, "")).name, command.name, line);
    }
    for (const line of help.split("\n")) assert.ok(line.length <= LINE_MAX, line);
  });
}

test("every command that a page or a message names exists, with the options that it names", () => {
  const pages = ["README.md", "services/api/README.md", "infra/docs/README.md", "infra/docs/doctor.md"].map(readText);
  const shown = pages.flatMap((page) => [...page.matchAll(/^(?:npx )?draftmill [a-z].*$/gm)].map(([line]) => line));
  assert.ok(shown.length > 0, "the README shows the command line");
  for (const line of shown) accepts(line);
  const named = pages.flatMap((page) => [...page.matchAll(/`draftmill ([a-z]+)/g)].map(([, name]) => name));
  const said = sources().flatMap(({ text }) =>
    [...text.matchAll(/["'`: ]draftmill ([a-z]+)(?=[ `"$])/g)].map(([, name]) => name),
  );
  const names = COMMANDS.map(({ name }) => name);
  assert.deepEqual(
    [...new Set([...named, ...said])].filter((name = "") => !names.includes(name)),
    [],
  );
});

/** What only browsers, collectors, editors and single calls are for. */
const NOT_CALLED = ["makeDraft", "showConsole", "getConsoleFile", "listReplays", "cancelReplay"];
const FOR_PROGRAMS = ["isLive", "readMetrics", "describeCallers"];

test("the client's routes are those of the OpenAPI document, and each of the document's is called or is none of its business", () => {
  const documented = Object.entries(describeApi().paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, { operationId: string }>).map(
      ([method, { operationId }]): [string, string] => [operationId, `${method.toUpperCase()} ${path}`],
    ),
  );
  const routes = Object.fromEntries(documented);
  for (const [operation, route] of Object.entries(ROUTES)) assert.equal(routes[operation], route, operation);
  const left = documented.map(([operation]) => operation).filter((operation) => !Object.hasOwn(ROUTES, operation));
  assert.deepEqual(left.toSorted(), [...NOT_CALLED, ...FOR_PROGRAMS].toSorted());
});

test("of the service the command line takes types, and the rules by which a file is checked without it", () => {
  for (const { path, imports } of sources()) {
    for (const { specifier, typeOnly } of imports) {
      const depth = path.slice("services/api/src/cli/".length).split("/").length;
      const leaves = specifier.startsWith("../".repeat(depth));
      // The doctor speaks to Google and not to the service; of the service it takes what reads the callers' file.
      const isDoctor =
        path.startsWith("services/api/src/cli/doctor/") &&
        (leaves ? specifier.endsWith("/callers/parse-callers.ts") : /^@draftmill\/shared\//.test(specifier));
      const isRule = path.endsWith("/upload/check-file.ts") || isDoctor;
      assert.ok(!leaves || typeOnly || isRule, `${path} imports ${specifier}`);
      assert.ok(
        typeOnly || isRule || !specifier.startsWith("@") || specifier === "@draftmill/shared/clock.ts",
        `${path} imports ${specifier}`,
      );
    }
  }
});

test("what an option may be is what the service takes", () => {
  const choicesOf = (name: string, option: string) =>
    COMMANDS.find((one) => one.name === name)?.options[option]?.choices;
  assert.deepEqual(choicesOf("results", "state"), DRAFT_STATES);
  assert.deepEqual(choicesOf("results", "format"), RESULT_FORMATS);
  assert.deepEqual(choicesOf("failures", "state"), FAILURE_STATES);
  const filters = Object.keys(REPLAY_FILTER_SCHEMA.properties).join(", ");
  assert.ok(COMMANDS.find((one) => one.name === "replay")?.options.filter?.help.includes(`: ${filters};`), filters);
});

function sources() {
  return trackedFiles()
    .filter((path) => path.startsWith("services/api/src/cli/") && path.endsWith(".ts"))
    .map((path) => ({ path, text: readText(path), imports: importsOf(readText(path)) }));
}
