import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { COMMANDS } from "@draftmill/api/cli/commands.ts";
import { completionScript } from "@draftmill/api/cli/completion-script.ts";
import { nearest } from "@draftmill/api/cli/parse-command-line.ts";
import { runCommand } from "@draftmill/api/cli/run-command.ts";
import { textOf } from "@draftmill/api/cli/upload/preview-text.ts";
import { columnOf } from "@draftmill/api/cli/upload/problem-column.ts";
import { recordedTerminal } from "../../../support/recorded-terminal.ts";

const run = async (line: string, env: Record<string, string> = {}) => {
  const terminal = recordedTerminal({ env });
  const code = await runCommand(COMMANDS, line === "" ? [] : line.split(" "), terminal);
  return { code, ...terminal.said };
};

for (const [line, told, next] of [
  ["improt x.csv", /there is no command "improt"; did you mean import\?/, "draftmill --help"],
  ["import x.csv --tempate t", /there is no option --tempate; did you mean --template\?/, "draftmill import --help"],
  ["import x.csv --mode odd", /--mode is one of permissive, strict, and not "odd"/, "draftmill import --help"],
  ["import x.csv --mode", /argument missing/, "draftmill import --help"],
  ["import", /import needs a FILE/, "draftmill import --help"],
  ["watch a b", /watch does not know what to do with "b"/, "draftmill watch --help"],
  ["watch -x b", /there is no option -x/, "draftmill watch --help"],
  ["completion tcsh", /SHELL is one of bash, zsh, fish, and not "tcsh"/, "draftmill completion --help"],
  ["import x.csv --map to --dry-run", /--map is NAME=VALUE, and not "to"/, null],
  ["import x.csv", /nobody can be asked here/, "draftmill import x.csv --yes"],
  ["undo b1", /nobody can be asked here/, "draftmill undo b1 --yes"],
  ["replay --filter odd=1 --yes", /--filter knows state, code, mailbox, batch/, null],
  ["batches --limit 0", /--limit is a whole number from 1 to 200, and not "0"/, null],
  ["draft --to a@example.com --subject S", /draft needs --message or --html/, "draftmill draft --help"],
  ["batches --url ftp://x", /is not the URL of a service/, "draftmill --url http://127.0.0.1:8080 …"],
  [
    "batches --token-file t --url http://draftmill.example.com",
    /is not encrypted, and your token would be read/,
    "use https://",
  ],
] as const) {
  test(`\`${line}\` is a fault of the command line: told, with what to do, and nothing on stdout`, async () => {
    const { code, stdout, stderr } = await run(line);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, told);
    if (next !== null) assert.ok(stderr.endsWith(`\nNext: ${next}\n`), stderr);
  });
}

test("with --json a failure is JSON on stdout too, with what to do", async () => {
  const { code, stdout } = await run("import x.csv --json");
  assert.equal(code, 2);
  assert.deepEqual(JSON.parse(stdout), {
    error: {
      code: "USAGE",
      detail: "nobody can be asked here: stdin or stderr is no terminal",
      next: "draftmill import x.csv --json --yes",
      errors: [],
    },
  });
});

test("help goes to stdout where it is asked for, and to stderr where a command is missing", async () => {
  const asked = await run("--help");
  assert.deepEqual([asked.code, asked.stderr], [0, ""]);
  for (const { name, summary } of COMMANDS)
    assert.ok(asked.stdout.includes(`  ${name} `) && asked.stdout.includes(summary), name);
  assert.deepEqual(await run("help watch"), await run("watch --help"));
  const missing = await run("");
  assert.deepEqual([missing.code, missing.stdout], [2, ""]);
});

test("a name that is nearly one is recognised, and one that is not is not", () => {
  assert.equal(nearest("wacth", ["watch", "undo"]), "watch");
  assert.equal(nearest("frobnicate", ["watch", "undo"]), null);
});

test("the shells' own parsers accept the completions, and bash completes names, options and values", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-completion-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const bash = join(folder, "bash");
  await writeFile(bash, completionScript("bash", COMMANDS));
  const complete = async (...words: string[]): Promise<readonly string[]> => {
    const script = `source ${bash}; COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _draftmill; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await promisify(execFile)("bash", ["--norc", "-c", script], { timeout: 10_000 });
    return stdout.trim().split("\n");
  };
  assert.deepEqual(await complete("draftmill", "un"), ["undo"]);
  assert.deepEqual(await complete("draftmill", "import", "--dry"), ["--dry-run"]);
  assert.deepEqual(await complete("draftmill", "import", "--mode", ""), ["permissive", "strict"]);
  assert.deepEqual(await complete("draftmill", "completion", "z"), ["zsh"]);
  for (const shell of ["zsh", "fish"] as const) {
    const script = completionScript(shell, COMMANDS);
    for (const { name } of COMMANDS) assert.match(script, new RegExp(`\\b${name}\\b`), `${shell}: ${name}`);
    const path = join(folder, shell);
    await writeFile(path, script);
    const parsed = await promisify(execFile)(shell, ["-n", path], { timeout: 10_000 }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
        return null;
      },
    );
    if (parsed === null) t.diagnostic(`no ${shell} on this machine: its completion was not parsed`);
  }
});

test("a fault's column is the file's own: mapped, unknown to the template, or empty where the template wants it", () => {
  const order = { map: { to: "Email" }, template: { message: "Hi,\nyour {{ plan | upcase }}" } };
  assert.equal(columnOf({ pointer: "/to", detail: "" }, order), "Email");
  assert.equal(columnOf({ pointer: "/to/0", detail: "" }, order), "Email");
  assert.equal(columnOf({ pointer: "/subject", detail: "" }, order), "subject");
  assert.equal(columnOf({ pointer: "", detail: "" }, order), null);
  assert.equal(
    columnOf({ pointer: "/template/message", detail: "undefined variable: city, line:1, col:1" }, order),
    "city",
  );
  assert.equal(
    columnOf({ pointer: "/template/message", detail: "the field is empty and has no default, line:2, col:6" }, order),
    "plan",
  );
});

test("a preview shows the text of a draft in each encoding that it may have", () => {
  const raw = (encoding: string, body: string): string =>
    `Subject: S\r\nContent-Type: multipart/alternative; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b--\r\n`;
  assert.equal(textOf(raw("7bit", "One\r\n\r\ntwo")), "One\n\ntwo");
  assert.equal(textOf(raw("quoted-printable", "Gr=C3=BC=\r\n=C3=9Fe =3D")), "Grüße =");
  assert.equal(textOf(raw("base64", Buffer.from("日本\r\nok").toString("base64"))), "日本\nok");
  assert.equal(textOf("Subject: S\r\n\r\nx"), "");
});
