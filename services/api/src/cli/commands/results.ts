import { CliError } from "../cli-error.ts";
import { type Command, defineCommand } from "../command.ts";
import { plainLines } from "../plain-text.ts";
import type { Output } from "../terminal.ts";

const STATES = ["queued", "processing", "created", "failed", "parked", "dead", "canceled"] as const;
/** Of a batch of 100,000; what is cut off is an error. */
const DEADLINE_MS = 30 * 60_000;

export const results: Command = defineCommand({
  name: "results",
  summary: "Write what became of each request of a batch, as a file",
  positionals: [{ name: "BATCH", help: "its id" }],
  options: {
    format: { type: "string", choices: ["csv", "ndjson"], help: "csv unless given; --json is ndjson" },
    state: { type: "string", choices: STATES, help: "only those" },
    rejected: {
      type: "boolean",
      help: "the rows that were at fault, as a CSV file to be corrected and imported again",
    },
  },
  examples: [
    {
      line: "draftmill results 0b0c9a1e-7d52-4c1b-9a4e-2f1d6a3b8c70 > results.csv",
      tells: "every request with its draft's id",
    },
    {
      line: "draftmill results 0b0c9a1e-7d52-4c1b-9a4e-2f1d6a3b8c70 --rejected > errors.csv",
      tells: "the rows that were kept back, with what is wrong",
    },
  ],
  async run({ options, positionals: [id = ""], json, client }, { stdout }) {
    const format = options.format ?? (json ? "ndjson" : "csv");
    const answer = await client.open(
      options.rejected
        ? { operation: "getRejectedRows", id, deadlineMs: DEADLINE_MS }
        : { operation: "getBatchResults", id, query: { format, state: options.state }, deadlineMs: DEADLINE_MS },
    );
    const text = stdout.isTty
      ? neutralLines(stdout)
      : { write: (piece: string) => stdout.write(piece), async end() {} };
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    try {
      // Piece by piece: what reads slowly is waited for.
      for await (const piece of answer.body ?? []) await text.write(decoder.decode(piece, { stream: true }));
      await text.write(decoder.decode());
      await text.end();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new CliError(
        "the answer was cut off: what came is not whole",
        { next: "the same command again" },
        { cause: error },
      );
    }
    return 0;
  },
});

/** For a terminal; a file gets what the service sent, byte for byte. A line is shown when it is whole. */
function neutralLines(output: Output): { write(piece: string): Promise<void>; end(): Promise<void> } {
  let rest = "";
  return {
    async write(piece) {
      rest += piece;
      const end = rest.lastIndexOf("\n") + 1;
      const whole = rest.slice(0, end);
      rest = rest.slice(end);
      await output.write(plainLines(whole));
    },
    end: () => output.write(plainLines(rest)),
  };
}
