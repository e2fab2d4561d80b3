import type { Command, CommandOption } from "./command.ts";
import { COMMON_OPTIONS } from "./parse-command-line.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** A script that completes the names of commands and options, the values that an option is one of, and files elsewhere. */
export function completionScript(shell: Shell, commands: readonly Command[]): string {
  switch (shell) {
    case "bash":
      return bash(commands);
    case "zsh":
      return zsh(commands);
    case "fish":
      return fish(commands);
    default:
      return shell satisfies never;
  }
}

function optionsOf(command: Command): readonly (readonly [string, CommandOption])[] {
  return Object.entries<CommandOption>({ ...command.options, ...COMMON_OPTIONS });
}

/** What may stand at the place of the first argument, where that is one of a few words. */
function wordsOf({ positionals: [first] }: Command): readonly string[] {
  return first?.choices ?? [];
}

function bash(commands: readonly Command[]): string {
  const cases = commands.map((command) => {
    const words = [...optionsOf(command).map(([name]) => `--${name}`), ...wordsOf(command)];
    const values = optionsOf(command).flatMap(([name, { choices }]) =>
      choices === undefined ? [] : [`      ${command.name}:--${name}) words="${choices.join(" ")}" ;;`],
    );
    return { words: `      ${command.name}) words="${words.join(" ")}" ;;`, values };
  });
  return `# bash completion of draftmill
_draftmill() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${commands.map(({ name }) => name).join(" ")}"
  else
    case "\${COMP_WORDS[1]}:$previous" in
${cases.flatMap(({ values }) => values).join("\n")}
    esac
    if [ -z "$words" ]; then case "\${COMP_WORDS[1]}" in
${cases.map(({ words }) => words).join("\n")}
    esac; fi
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _draftmill draftmill
`;
}

function zsh(commands: readonly Command[]): string {
  const cases = commands.map((command) => {
    const options = optionsOf(command).map(([name, option]) => {
      const help = zshText(option.help);
      const repeat = option.multiple === true ? "*" : "";
      const value = option.type === "boolean" ? "" : `:${option.value ?? name}:${zshValues(option)}`;
      return `        '${repeat}--${name}[${help}]${value}'`;
    });
    const words = wordsOf(command);
    const argument = words.length > 0 ? `(${words.join(" ")})` : "_files";
    return `    ${command.name})\n      _arguments \\\n${[...options, `        '*:argument:${argument}'`].join(" \\\n")} ;;`;
  });
  return `#compdef draftmill
_draftmill() {
  if (( CURRENT == 2 )); then
    local -a commands=(
${commands.map(({ name, summary }) => `      '${name}:${zshText(summary)}'`).join("\n")}
    )
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = _draftmill ]; then _draftmill "$@"; else compdef _draftmill draftmill; fi
`;
}

function zshValues({ choices, value }: CommandOption): string {
  if (choices !== undefined) return `(${choices.join(" ")})`;
  return value === "FILE" ? "_files" : " ";
}

function zshText(text: string): string {
  return text.replaceAll("'", "’").replaceAll(/[[\]:\\`]/g, (character) => (character === "`" ? "" : `\\${character}`));
}

function fish(commands: readonly Command[]): string {
  const text = (words: string): string => `'${words.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const names = commands.map(({ name }) => name).join(" ");
  const lines = commands.flatMap((command) => {
    const { name, summary } = command;
    const seen = `-n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c draftmill -n 'not __fish_seen_subcommand_from ${names}' -f -a ${name} -d ${text(summary)}`,
      ...optionsOf(command).map(([option, { short, type, help, choices }]) => {
        const letter = short === undefined ? "" : ` -s ${short}`;
        const value = type === "boolean" ? "" : choices === undefined ? " -r" : ` -x -a ${text(choices.join(" "))}`;
        return `complete -c draftmill ${seen} -l ${option}${letter}${value} -d ${text(help)}`;
      }),
      ...(wordsOf(command).length > 0
        ? [`complete -c draftmill ${seen} -f -a ${text(wordsOf(command).join(" "))}`]
        : []),
    ];
  });
  return `# fish completion of draftmill\n${lines.join("\n")}\n`;
}
