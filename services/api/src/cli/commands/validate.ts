import { CliError, UsageError } from "../cli-error.ts";
import { type Command, defineCommand, type ExitCode } from "../command.ts";
import { jsonLine } from "../plain-text.ts";
import type { Terminal } from "../terminal.ts";
import { IMPORT_OPTIONS, importOrderOf } from "../upload/import-options.ts";
import { rowErrorLines, rowErrorsWithColumns, sumsText } from "../upload/report-text.ts";
import { sendFile } from "../upload/send-file.ts";
import { type FileFormat, openSource } from "../upload/source-file.ts";

export const validate: Command = defineCommand({
  name: "validate",
  summary: "Check a file of requests and tell every fault by row and column",
  about: `On this machine, by the rules of the service and without it; nothing leaves the machine. Only the service knows which mailboxes it makes
drafts in: with --online it is asked, and tells the first hundred rows at fault.`,
  positionals: [{ name: "FILE", help: "CSV with a header line, or JSON lines; - for stdin" }],
  options: { ...IMPORT_OPTIONS, online: { type: "boolean", help: "have the service check it" } },
  examples: [
    {
      line: "draftmill validate prospects.csv --template offer.txt --map to=Email",
      tells: "every fault of a file before it is handed in",
    },
    { line: "draftmill validate prospects.csv --online --json", tells: "what the service says of it, as JSON" },
  ],
  async run({ options, positionals: [path = ""], json, client }, terminal) {
    const { stdout, stderr } = terminal;
    const order = await importOrderOf(options);
    const file = await openSource(path, options.format as FileFormat | undefined, terminal);
    try {
      const report = options.online
        ? await sendFile(client, { file, order, dryRun: true }, terminal)
        : await offline(() =>
            import("../upload/check-file.ts").then(({ checkFile }) => checkFile(file, order, terminal.clock)),
          );
      if (json) {
        const errors = report.errors.flatMap((error) => rowErrorsWithColumns(error, order));
        const { rows, accepted, rejected, repeated, roleAddresses } = report;
        await stdout.write(jsonLine({ rows, accepted, rejected, repeated, roleAddresses, errors }));
      } else {
        await writeLines(
          report.errors.flatMap((error) => rowErrorLines(error, order)),
          stdout,
        );
      }
      await stderr.write(`${sumsText(report)}.\n`);
      return codeOf(report);
    } finally {
      await file.remove();
    }
  },
});

async function writeLines(lines: readonly string[], output: Terminal["stdout"]): Promise<void> {
  for (const line of lines) await output.write(`${line}\n`);
}

/** What the rules throw is about the file or the template as a whole. */
async function offline<T>(check: () => Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && "reason" in error)) throw error;
    const { code, reason } = error;
    throw code === "IMPORT_INVALID" ? new UsageError(String(reason)) : new CliError(`${code}: ${reason}`);
  }
}

function codeOf({ accepted, rejected }: { readonly accepted: number; readonly rejected: number }): ExitCode {
  if (rejected === 0) return 0;
  return accepted === 0 ? 1 : 3;
}
