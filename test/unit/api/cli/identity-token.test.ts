import assert from "node:assert/strict";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type TestContext, test } from "node:test";
import { COMMANDS } from "@draftmill/api/cli/commands.ts";
import { identityToken } from "@draftmill/api/cli/identity-token.ts";
import { runCommand } from "@draftmill/api/cli/run-command.ts";
import { recordedTerminal } from "../../../support/recorded-terminal.ts";

/** As gcloud refuses an option that an account does not take. */
const refusing = (option: string): string =>
  `case "$*" in *${option}*) echo 'ERROR: (gcloud.auth.print-identity-token) Invalid account type for \`--${option}\`.' >&2; exit 1;; esac`;

/** A folder with a gcloud in it that does this, and a terminal that finds it. */
async function withGcloud(t: TestContext, script: string) {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-gcloud-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "gcloud"), `#!/bin/sh\n${script}\necho "told: $*"\n`, { mode: 0o755 });
  return { folder, terminal: recordedTerminal({ env: { PATH: [folder, "/usr/bin", "/bin"].join(delimiter) } }) };
}

for (const [account, script, told] of [
  ["an impersonated service account", "", "--audiences=https://x.example --include-email"],
  ["a service account's key", refusing("include-email"), "--audiences=https://x.example"],
  ["a person", `${refusing("include-email")}\n${refusing("audiences")}`, ""],
] as const) {
  test(`the token of ${account} is asked for as gcloud takes it`, async (t) => {
    const { terminal } = await withGcloud(t, script);
    const token = await identityToken("https://x.example", terminal);
    assert.equal(token, `told: auth print-identity-token --quiet ${told}`.trim());
  });
}

test("what gcloud says is told with what to do, and so is that there is none", async (t) => {
  const { terminal } = await withGcloud(
    t,
    "echo 'ERROR: You do not currently have an active account selected.' >&2; exit 1",
  );
  await assert.rejects(identityToken("https://x.example", terminal), {
    message: /active account/,
    next: "gcloud auth login",
  });
  const none = recordedTerminal({ env: { PATH: "/nowhere" } });
  await assert.rejects(identityToken("https://x.example", none), { message: /gcloud is not installed/ });
});

test("login prints a token where it is told to, and writes it only to a new file that nobody else can read", async (t) => {
  const claims = Buffer.from('{"email":"crm@x.example","aud":"a","exp":1}').toString("base64url");
  const { folder, terminal } = await withGcloud(t, `echo "h.${claims}.s"; exit 0`);
  const login = (...args: string[]) =>
    runCommand(COMMANDS, ["login", "--url", "http://127.0.0.1:1", ...args], terminal);
  assert.equal(await login("--print"), 0);
  assert.equal(terminal.said.stdout, `h.${claims}.s\n`);
  const path = join(folder, "token");
  assert.equal(await login("--print", "--save", path), 0);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal(await login("--print", "--save", path), 1);
  assert.match(terminal.said.stderr, /is there already/);
  assert.ok(!terminal.said.stderr.includes(claims));
});
