import type { Client } from "./client.ts";
import type { Terminal } from "./terminal.ts";

/**
 * - 0: done
 * - 1: it failed; stderr says why, and what to do next
 * - 2: the command line is at fault, nothing was done
 * - 3: done in part: rows were at fault, drafts failed or were kept
 */
export type ExitCode = 0 | 1 | 2 | 3;

/** An option of a command, by its long name. */
export interface CommandOption {
  readonly type: "string" | "boolean";
  /** One line of the help. */
  readonly help: string;
  /** One letter. */
  readonly short?: string;
  /** What stands for the value in the help, such as FILE. */
  readonly value?: string;
  /** May be given more than once. */
  readonly multiple?: boolean;
  /** The only values there are; for the check and for the completion. */
  readonly choices?: readonly string[];
}

/** An argument that is no option. The last one of a command may be optional. */
export interface Positional {
  /** As the help has it, such as BATCH. */
  readonly name: string;
  readonly help: string;
  readonly optional?: boolean;
  readonly choices?: readonly string[];
}

export interface Example {
  /** A whole command line, to be pasted. */
  readonly line: string;
  /** What it is for. */
  readonly tells: string;
}

export type CommandOptions = Readonly<Record<string, CommandOption>>;

type ValueOf<Option extends CommandOption> = Option["type"] extends "boolean"
  ? boolean
  : Option extends { readonly multiple: true }
    ? readonly string[]
    : string | undefined;

export type OptionValues<Options extends CommandOptions> = {
  readonly [Name in keyof Options]: ValueOf<Options[Name]>;
};

/** A command line that was read and fits. */
export interface CommandInput<Options extends CommandOptions = CommandOptions> {
  readonly options: OptionValues<Options>;
  readonly positionals: readonly string[];
  /** --json: stdout gets JSON and nothing else. */
  readonly json: boolean;
  /** The command line itself, to be pasted again. */
  readonly line: string;
  /** The service that --url or DRAFTMILL_URL names, or the local stack. */
  readonly client: Client;
}

export interface CommandDefinition<Options extends CommandOptions> {
  readonly name: string;
  /** One line of the list of commands. */
  readonly summary: string;
  /** More of the help, in whole lines. */
  readonly about?: string;
  readonly positionals: readonly Positional[];
  /** Beside those that every command has: --url, --token-file, --json, --help. */
  readonly options: Options;
  /** At least one. */
  readonly examples: readonly Example[];
  /** Throws CliError for what a person can do something about. Data goes to stdout, everything else to stderr. */
  run(input: CommandInput<Options>, terminal: Terminal): Promise<ExitCode>;
}

export type Command = CommandDefinition<CommandOptions>;

/** Has the types of a command's options checked where it is written. */
export function defineCommand<const Options extends CommandOptions>(definition: CommandDefinition<Options>): Command {
  // The reading of the command line gives each option the value that its definition promises.
  return definition as unknown as Command;
}
