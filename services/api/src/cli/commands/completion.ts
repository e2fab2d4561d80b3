import { type Command, defineCommand } from "../command.ts";
import { completionScript, SHELLS, type Shell } from "../completion-script.ts";

/** Writes the script for a shell, of the commands that `all` gives when it runs. */
export function completionOf(all: () => readonly Command[]): Command {
  return defineCommand({
    name: "completion",
    summary: "Write a script by which a shell completes commands and options",
    positionals: [{ name: "SHELL", help: SHELLS.join(", "), choices: SHELLS }],
    options: {},
    examples: [
      { line: 'eval "$(draftmill completion bash)"', tells: "in ~/.bashrc; for zsh the same with zsh, in ~/.zshrc" },
      { line: "draftmill completion fish > ~/.config/fish/completions/draftmill.fish", tells: "for fish" },
    ],
    async run({ positionals: [shell] }, { stdout }) {
      await stdout.write(completionScript(shell as Shell, all()));
      return 0;
    },
  });
}
