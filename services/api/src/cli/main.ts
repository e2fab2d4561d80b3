#!/usr/bin/env node
import { systemClock } from "@draftmill/shared/clock.ts";
import { Interrupted } from "./cli-error.ts";
import { COMMANDS } from "./commands.ts";
import { runCommand } from "./run-command.ts";
import { outputOf } from "./stream-output.ts";

const interrupt = new AbortController();
let asked = 0;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    asked += 1;
    if (asked > 1) process.exit(130);
    interrupt.abort(new Interrupted());
  });
}

process.exitCode = await runCommand(COMMANDS, process.argv.slice(2), {
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  stdin: process.stdin,
  canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
  env: process.env,
  signal: interrupt.signal,
  clock: systemClock,
});
// An open connection or a question that nobody answered must not keep the process.
process.stdin.destroy();
