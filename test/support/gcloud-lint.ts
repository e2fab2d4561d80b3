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

/** What gcloud's own linter has against these commands: each with its fault. Nothing is sent. */
export async function faultsOfGcloud(
  commands: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-lint-"));
  try {
    const file = join(folder, "commands.json");
    await writeFile(file, JSON.stringify(commands.map((command_string) => ({ command_string }))));
    const { output } = await runShell(`gcloud meta lint-gcloud-commands --commands-file=${file} 2>&1`, environment);
    const verdicts = JSON.parse(output.slice(output.indexOf("["))) as LintVerdict[];
    assert.equal(verdicts.length, commands.length);
    const refused = verdicts.filter(({ success }) => !success);
    return refused.map(({ command_string, error_message }) => `${command_string}\n${error_message}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The commands among remedies. Of one verb there is one, with every flag that any of them has, since each command costs gcloud a fifth of
 * a second. What stands behind a command in brackets or after a semicolon is for the reader.
 */
export function gcloudCommandsIn(remedies: Iterable<string>): readonly string[] {
  const commands = [...remedies].flatMap((remedy) => remedy.match(/gcloud (?:'[^']*'|[^;('])+/g) ?? []);
  const byVerb = new Map<string, { readonly words: string; readonly flags: Map<string, string> }>();
  for (const command of commands) {
    const [words = "", ...flags] = command.trim().split(/ (?=--)/);
    const verb = words.replace(/ (?:'[^']*'|[^ ']+)$/, "");
    const all = byVerb.get(verb) ?? { words, flags: new Map() };
    for (const flag of flags) all.flags.set(flag.split("=")[0] ?? flag, flag);
    byVerb.set(verb, all);
  }
  return [...byVerb.values()].map(({ words, flags }) => [words, ...flags.values()].join(" "));
}
