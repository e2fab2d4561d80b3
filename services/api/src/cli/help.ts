import type { Command, CommandOptions } from "./command.ts";
import { COMMON_OPTIONS } from "./parse-command-line.ts";

/** What `draftmill --help` says. */
export function helpOfAll(commands: readonly Command[]): string {
  return `Usage: draftmill COMMAND [options]

Gmail drafts in volume, from the command line.

${table(commands.map(({ name, summary }) => [name, summary]))}

draftmill COMMAND --help has a command's options and examples. The service is --url or DRAFTMILL_URL, else the local stack of
\`npm start\`. Exit codes: 0 done, 1 failed, 2 the command line is at fault, 3 done in part, 130 interrupted.
`;
}

/** What `draftmill COMMAND --help` says. */
export function helpOf({ name, summary, about, positionals, options, examples }: Command): string {
  const args = positionals.map((one) => (one.optional === true ? ` [${one.name}]` : ` ${one.name}`)).join("");
  const parts = [
    `Usage: draftmill ${name}${args} [options]`,
    about === undefined ? `${summary}.` : `${summary}.\n\n${about}`,
    ...(positionals.length === 0 ? [] : [table(positionals.map((one) => [one.name, one.help]))]),
    table(optionRows({ ...options, ...COMMON_OPTIONS })),
    `Examples:\n\n${examples.map(({ line, tells }) => `  # ${tells}\n  ${line}`).join("\n\n")}`,
  ];
  return `${parts.join("\n\n")}\n`;
}

function optionRows(options: CommandOptions): readonly (readonly [string, string])[] {
  return Object.entries(options).map(([name, { short, type, value, help, multiple, choices }]) => {
    const of = type === "boolean" ? "" : ` ${value ?? choices?.join("|") ?? "VALUE"}`;
    return [`${short === undefined ? "" : `-${short}, `}--${name}${of}${multiple === true ? " …" : ""}`, help];
  });
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
}
