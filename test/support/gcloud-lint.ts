import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runShell } from "./shell.ts";

interface LintVerdict {
  readonly command_string: string;
  readonly success: boolean;
  readonly error_message: string | null;
}

/** Fails unless gcloud's own linter knows each command, with the flags that it has. Nothing is sent. */
export async function lintGcloud(commands: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-lint-"));
  try {
    const file = join(folder, "commands.json");
    await writeFile(file, JSON.stringify(commands.map((command_string) => ({ command_string }))));
    const { output } = await runShell(`gcloud meta lint-gcloud-commands --commands-file=${file} 2>&1`, environment);
    const verdicts = JSON.parse(output.slice(output.indexOf("["))) as LintVerdict[];
    assert.equal(verdicts.length, commands.length);
    const refused = verdicts.filter(({ success }) => !success);
    assert.deepEqual(
      refused.map(({ command_string, error_message }) => `${command_string}\n${error_message}`),
      [],
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The commands among remedies, one for each set of flags, since each costs gcloud a tenth of a second. What stands behind one in brackets or
 * after a semicolon is for the reader.
 */
export function gcloudCommandsIn(remedies: Iterable<string>): readonly string[] {
  const commands = [...remedies].flatMap((remedy) => remedy.match(/gcloud (?:'[^']*'|[^;('])+/g) ?? []);
  const byFlags = new Map(commands.map((command) => [command.trim().replace(/=(?:'[^']*'|\S+)/g, ""), command.trim()]));
  return [...byFlags.values()];
}
