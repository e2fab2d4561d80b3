import { createInterface } from "node:readline/promises";
import { PassThrough } from "node:stream";
import { CliError, UsageError } from "./cli-error.ts";
import type { Terminal } from "./terminal.ts";

/** Throws where nobody can be asked, before anything is begun that would have to be asked for. */
export function refuseUnasked(line: string, { canAsk }: Terminal): void {
  if (!canAsk) throw new UsageError("nobody can be asked here: stdin or stderr is no terminal", `${line} --yes`);
}

/** Asks before something is done. Throws when nobody can answer, and when the answer is not yes: nothing has happened then. */
export async function confirm(question: string, line: string, terminal: Terminal): Promise<void> {
  const { stdin, stderr, signal } = terminal;
  refuseUnasked(line, terminal);
  await stderr.write(`${question} [y/N] `);
  // readline would draw to its output; the question is out already.
  const lines = createInterface({ input: stdin, output: new PassThrough(), terminal: false });
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      lines.once("line", resolve);
      lines.once("close", () => resolve(""));
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      if (signal.aborted) reject(signal.reason);
    });
    if (!/^y(es)?$/i.test(answer.trim())) throw new CliError("nothing was done", { next: `${line} --yes` });
  } finally {
    lines.close();
  }
}
