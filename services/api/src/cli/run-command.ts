import { CliError, Interrupted, OutputClosed, UsageError } from "./cli-error.ts";
import { createClient } from "./client.ts";
import type { Command, ExitCode } from "./command.ts";
import { connectionOf } from "./connection.ts";
import { helpOf, helpOfAll } from "./help.ts";
import { nearest, parseCommandLine } from "./parse-command-line.ts";
import { jsonLine, plainLines, plainText } from "./plain-text.ts";
import { ServiceProblem } from "./service-problem.ts";
import { quoted } from "./shell-word.ts";
import type { Terminal } from "./terminal.ts";

/** As shells have it of a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/** Runs a command line: finds the command, does it, and tells on stderr what went wrong and what to do next. Never throws. */
export async function runCommand(
  commands: readonly Command[],
  args: readonly string[],
  terminal: Terminal,
): Promise<ExitCode | typeof INTERRUPTED> {
  try {
    return await dispatch(commands, args, terminal);
  } catch (error) {
    // Whoever has read enough of it has what they wanted.
    if (error instanceof OutputClosed) return 0;
    const { text, code } = toldOf(error);
    if (error instanceof CliError && args.includes("--json")) {
      await terminal.stdout.write(jsonLine({ error: jsonOf(error) })).catch(() => {});
    }
    await terminal.stderr.write(text).catch(() => {});
    return code;
  }
}

async function dispatch(commands: readonly Command[], args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === undefined) {
    await terminal.stderr.write(helpOfAll(commands));
    return 2;
  }
  if (name === "help" || name === "--help" || name === "-h") {
    const about = commands.find((one) => one.name === rest[0]);
    await terminal.stdout.write(about === undefined ? helpOfAll(commands) : helpOf(about));
    return 0;
  }
  const command = commands.find((one) => one.name === name);
  if (command === undefined) {
    const names = commands.map((one) => one.name);
    const near = nearest(name, names);
    throw new UsageError(
      `there is no command ${JSON.stringify(name)}${near === null ? "" : `; did you mean ${near}?`}`,
      "draftmill --help",
    );
  }
  const { options, positionals, common } = parseCommandLine(command, rest);
  if (common.help) {
    await terminal.stdout.write(helpOf(command));
    return 0;
  }
  const client = createClient(connectionOf(common, terminal));
  const line = ["draftmill", ...args].map(quoted).join(" ");
  const input = { options, positionals, json: common.json, line, client };
  return command.run(input as Parameters<Command["run"]>[0], terminal);
}

function toldOf(error: unknown): { readonly text: string; readonly code: ExitCode | typeof INTERRUPTED } {
  if (error instanceof Interrupted) {
    return { text: `\nInterrupted.${nextLine(error.next)}\n`, code: INTERRUPTED };
  }
  if (error instanceof CliError) {
    const fields = error instanceof ServiceProblem ? fieldLines(error) : "";
    return { text: `draftmill: ${plainLines(error.message)}${fields}${nextLine(error.next)}\n`, code: error.exitCode };
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: `draftmill: this is a fault of the program: ${plainLines(trace)}\n`, code: 1 };
}

/** The same for a program. */
function jsonOf(error: CliError): object {
  const { message, next, exitCode } = error;
  if (!(error instanceof ServiceProblem))
    return { code: exitCode === 2 ? "USAGE" : "FAILED", detail: message, next, errors: [] };
  const { status, code, detail, requestId, errors } = error.problem;
  return { status, code, detail, requestId, next, errors };
}

function fieldLines({ problem }: ServiceProblem): string {
  return problem.errors.map(({ pointer, detail }) => `\n  ${plainText(`${pointer}: ${detail}`)}`).join("");
}

function nextLine(next: string | null): string {
  return next === null ? "" : `\nNext: ${plainLines(next)}`;
}
