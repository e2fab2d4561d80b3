import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { findGcloud } from "../support/gcloud.ts";
import { documentedCommands, shownCommands, type ToldCommand } from "../support/gcloud-commands.ts";
import { runShell } from "../support/shell.ts";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "draftmill-gcloud-"));
});
after(() => rm(folder, { recursive: true, force: true }));

interface Verdict {
  readonly command_string: string;
  readonly success: boolean;
  readonly error_message: string | null;
}

/** A command without the values of its flags: where these alone differ, one is looked at. Each costs gcloud a tenth of a second. */
function shapeOf(command: string): string {
  return command.replace(/=(?:'[^']*'|"[^"]*"|\S)*/g, "=");
}

/** What gcloud's own linter has against them: "command: fault". Nothing is sent. */
async function faultsOf(commands: readonly ToldCommand[]): Promise<readonly string[]> {
  const byShape = new Map(commands.map(({ command }) => [shapeOf(command), command]));
  const file = join(folder, "commands.json");
  await writeFile(file, JSON.stringify([...byShape.values()].map((command) => ({ command_string: command }))));
  const { output } = await runShell(`gcloud meta lint-gcloud-commands --commands-file=${file} 2>&1`, {
    PATH: process.env.PATH,
    HOME: folder,
    CLOUDSDK_CONFIG: join(folder, "gcloud"),
    CLOUDSDK_CORE_DISABLE_PROMPTS: "1",
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: "true",
  });
  const verdicts = JSON.parse(output.slice(output.indexOf("["))) as Verdict[];
  const byCommand = new Map(verdicts.map((verdict) => [shapeOf(verdict.command_string), verdict]));
  return commands.flatMap(({ path, command }) => {
    const { success, error_message: fault } = byCommand.get(shapeOf(command)) ?? {
      success: false,
      error_message: "not looked at",
    };
    return success ? [] : [`${path}: ${command}: ${fault}`];
  });
}

test("every gcloud command of the documents, the remedies and the variables is one that gcloud knows", {
  skip: findGcloud() === null && "no gcloud on this machine",
}, async (t) => {
  const documented = documentedCommands();
  const shown = shownCommands();
  assert.ok(documented.length >= 20 && shown.length >= 12, `${documented.length} documented, ${shown.length} shown`);
  const misspelt = { path: "(this test)", command: "gcloud pubsub subscriptions describ draft-requests-push" };
  const faults = await faultsOf([...documented, ...shown, misspelt]);
  assert.deepEqual(
    faults.filter((fault) => !fault.startsWith(misspelt.path)),
    [],
  );
  assert.equal(faults.length, 1, "a misspelt one is found");
  t.diagnostic(`${documented.length} commands of the documents, ${shown.length} of the code`);
});
