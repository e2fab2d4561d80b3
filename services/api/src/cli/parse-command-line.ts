import { parseArgs } from "node:util";
import { UsageError } from "./cli-error.ts";
import type { Command, CommandOption, CommandOptions } from "./command.ts";

/** Every command has these. */
export const COMMON_OPTIONS = {
  url: { type: "string", value: "URL", help: "the service; else DRAFTMILL_URL, else http://127.0.0.1:8080" },
  "token-file": { type: "string", value: "FILE", help: "the caller's token; else DRAFTMILL_TOKEN, else gcloud's" },
  json: { type: "boolean", help: "JSON on stdout, for programs" },
  help: { type: "boolean", short: "h", help: "this text" },
} as const satisfies CommandOptions;

export interface CommandLine {
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly positionals: readonly string[];
  readonly common: {
    readonly url: string | undefined;
    readonly tokenFile: string | undefined;
    readonly json: boolean;
    readonly help: boolean;
  };
}

/** Reads what follows a command's name. Throws UsageError with what is wrong and where the help is. */
export function parseCommandLine(command: Command, args: readonly string[]): CommandLine {
  const known: CommandOptions = { ...command.options, ...COMMON_OPTIONS };
  const help = `draftmill ${command.name} --help`;
  const { values, positionals, tokens } = read(known, args, help);
  const options: Record<string, string | boolean | readonly string[] | undefined> = {};
  for (const [name, option] of Object.entries(known)) options[name] = optionValue(name, option, values[name], help);
  for (const token of tokens) {
    if (token.kind === "option" && !Object.hasOwn(known, token.name)) throw unknownOption(token.rawName, known, help);
  }
  const { url, json } = values;
  if (values.help !== true) checkPositionals(command, positionals, help);
  return {
    options,
    positionals,
    common: {
      url: typeof url === "string" ? url : undefined,
      tokenFile: typeof values["token-file"] === "string" ? values["token-file"] : undefined,
      json: json === true,
      help: values.help === true,
    },
  };
}

function read(known: CommandOptions, args: readonly string[], help: string) {
  const options = Object.fromEntries(
    Object.entries(known).map(([name, { type, short, multiple = false }]) => [
      name,
      { type, multiple, ...(short === undefined ? {} : { short }) },
    ]),
  );
  const misread = args.find(
    (arg) => /^-[a-z]/i.test(arg) && !Object.values(known).some(({ short }) => short === arg[1]),
  );
  if (misread !== undefined && !args.slice(0, args.indexOf(misread)).includes("--")) {
    throw unknownOption(misread, known, help);
  }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true, tokens: true });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const unknown = /Unknown option '([^']+)'/.exec(said)?.[1];
    if (unknown !== undefined) throw unknownOption(unknown, known, help);
    throw new UsageError(said.split("\n", 1)[0] ?? said, help);
  }
}

function optionValue(name: string, { type, multiple, choices, value }: CommandOption, given: unknown, help: string) {
  if (type === "boolean") return given === true;
  const texts = (Array.isArray(given) ? given : given === undefined ? [] : [given]).map(String);
  for (const text of texts) {
    if (text === "") throw new UsageError(`--${name} needs a ${value ?? "value"}`, help);
    if (choices !== undefined && !choices.includes(text))
      throw new UsageError(`--${name} is one of ${choices.join(", ")}, and not ${JSON.stringify(text)}`, help);
  }
  return multiple === true ? texts : texts.at(-1);
}

function checkPositionals({ name, positionals }: Command, given: readonly string[], help: string): void {
  const missing = positionals[given.length];
  if (missing !== undefined && missing.optional !== true)
    throw new UsageError(`${name} needs a ${missing.name}: ${missing.help}`, help);
  const extra = given[positionals.length];
  if (extra !== undefined) throw new UsageError(`${name} does not know what to do with ${JSON.stringify(extra)}`, help);
  for (const [n, text] of given.entries()) {
    const { name: what = "", choices } = positionals[n] ?? {};
    if (choices !== undefined && !choices.includes(text))
      throw new UsageError(`${what} is one of ${choices.join(", ")}, and not ${JSON.stringify(text)}`, help);
  }
}

function unknownOption(given: string, known: CommandOptions, help: string): UsageError {
  const near = nearest(given.replace(/^-+/, "").split("=", 1)[0] ?? "", Object.keys(known));
  return new UsageError(`there is no option ${given}${near === null ? "" : `; did you mean --${near}?`}`, help);
}

/** The known name that is at most two keystrokes away. */
export function nearest(given: string, known: readonly string[]): string | null {
  const byDistance = known.map((name) => ({ name, away: distance(given, name) })).toSorted((a, b) => a.away - b.away);
  const [best] = byDistance;
  return best !== undefined && best.away <= 2 ? best.name : null;
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
