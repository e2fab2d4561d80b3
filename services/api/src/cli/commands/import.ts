import { randomUUID } from "node:crypto";
import type { BatchView } from "../../batches/batch-view.ts";
import { confirm, refuseUnasked } from "../ask.ts";
import { CliError, orGoOn } from "../cli-error.ts";
import type { Client } from "../client.ts";
import { type Command, defineCommand, type ExitCode } from "../command.ts";
import { jsonLine, plainText } from "../plain-text.ts";
import { exitCodeOf, followBatch } from "../progress/follow-batch.ts";
import type { Terminal } from "../terminal.ts";
import { IMPORT_OPTIONS, type ImportOrderBody, importOrderOf } from "../upload/import-options.ts";
import { previewText } from "../upload/preview-text.ts";
import { planText, rowErrorLines, rowErrorsWithColumns, sumsText } from "../upload/report-text.ts";
import { type ImportReportView, keyOf, sendFile } from "../upload/send-file.ts";
import { type FileFormat, openSource } from "../upload/source-file.ts";

/** More are in the file of the rows at fault. */
const ERRORS_SHOWN = 10;

export const importCommand: Command = defineCommand({
  name: "import",
  summary: "Queue a draft for each row of a CSV or NDJSON file",
  about: `First the service checks the file and writes its first three drafts, and you are asked. Rows at fault are kept back and told; with
--mode strict one of them keeps all back. The same file again makes no second draft, and one that was cut off goes on.`,
  positionals: [{ name: "FILE", help: "CSV with a header line, or JSON lines, up to 100,000 rows; - for stdin" }],
  options: {
    ...IMPORT_OPTIONS,
    mode: {
      type: "string",
      choices: ["permissive", "strict"],
      help: "what a row at fault does to the others; permissive",
    },
    "dry-run": { type: "boolean", help: "only show what it would do" },
    yes: { type: "boolean", short: "y", help: "do not ask, and check only as far as the mode needs it" },
    resume: { type: "boolean", help: "go on with a file that was cut off: the same as --yes" },
    key: { type: "string", value: "KEY", help: "the Idempotency-Key; made from the file unless given" },
    watch: { type: "boolean", help: "stay until the drafts are made" },
  },
  examples: [
    {
      line: "draftmill import prospects.csv --template offer.txt --map to=Email --dry-run",
      tells: "what the file would do, with its first drafts",
    },
    {
      line: "draftmill import prospects.csv --template offer.txt --map to=Email --default mailbox=rep@example.com --watch",
      tells: "ask, queue it and follow it",
    },
    { line: "cat rows.ndjson | draftmill import - --yes --json", tells: "requests from a program; the report as JSON" },
  ],
  async run({ options, positionals: [path = ""], json, line, client }, terminal) {
    const { stdout, stderr } = terminal;
    const isAsked = !options.yes && !options.resume;
    if (isAsked && !options["dry-run"]) refuseUnasked(line, terminal);
    const order = await importOrderOf(options);
    const file = await openSource(path, options.format as FileFormat | undefined, terminal);
    try {
      if (options["dry-run"] || isAsked || options.mode === "strict") {
        const report = await sendFile(client, { file, order, dryRun: true }, terminal);
        if (options["dry-run"]) {
          await (json ? stdout.write(jsonOf(report, order)) : showCheck(report, order, stdout));
          return codeOf(report);
        }
        await showCheck(report, order, stderr);
        refuseIfFaulty(report, options.mode === "strict");
        if (isAsked) await confirm(`Queue ${planText(report)}?`, line, terminal);
      }
      const key = options.key ?? (await keyOf(file, order));
      const report = await orGoOn(
        () => `what was queued stays; to go on: ${options.resume ? line : `${line} --resume`}`,
        () => sendFile(client, { file, order, dryRun: false, key }, terminal),
      );
      const id = plainText(String(report.id));
      await refuseCanceled(client, id, line);
      await stdout.write(json ? jsonOf(report, order) : `${id}\n`);
      await stderr.write(`Queued. ${sumsText(report)}.\n`);
      await showErrors(report, order, stderr);
      if (report.rejected > 0) await stderr.write(`The rows at fault as a file: draftmill results ${id} --rejected\n`);
      if (!options.watch) {
        await stderr.write(`Next: draftmill watch ${id}\n`);
        return codeOf(report);
      }
      const code = exitCodeOf(await followBatch(client, id, terminal));
      return code === 0 ? codeOf(report) : code;
    } finally {
      await file.remove();
    }
  },
});

async function showCheck(report: ImportReportView, order: ImportOrderBody, output: Terminal["stdout"]): Promise<void> {
  await output.write(`${sumsText(report)}.\n`);
  await showErrors(report, order, output);
  await output.write(`\n${report.previews.map(previewText).join("")}`);
}

async function showErrors(
  { errors, rejected }: ImportReportView,
  order: ImportOrderBody,
  output: Terminal["stdout"],
): Promise<void> {
  const shown = errors.slice(0, ERRORS_SHOWN);
  for (const error of shown)
    await output.write(
      rowErrorLines(error, order)
        .map((text) => `  ${text}\n`)
        .join(""),
    );
  if (rejected > shown.length)
    await output.write(`  … and ${(rejected - shown.length).toLocaleString("en")} more rows\n`);
}

function refuseIfFaulty({ accepted, rejected }: ImportReportView, isStrict: boolean): void {
  const next = "draftmill validate FILE has them all";
  if (accepted === 0) throw new CliError("no row fits; nothing was queued", { next });
  if (isStrict && rejected > 0)
    throw new CliError(`${rejected} rows are at fault; nothing was queued (--mode strict)`, { next });
}

/** A file that was handed in before is the batch that it was then, which somebody may have ended. */
async function refuseCanceled(client: Client, id: string, line: string): Promise<void> {
  const { control } = await client.call<BatchView>({ operation: "getBatch", id });
  if (control !== "canceled") return;
  const next = `${line} --key ${randomUUID()}`;
  throw new CliError(`this file is batch ${id}, which was canceled or taken back; nothing was queued`, { next });
}

function codeOf({ accepted, rejected }: ImportReportView): ExitCode {
  if (rejected === 0) return 0;
  return accepted === 0 ? 1 : 3;
}

function jsonOf(report: ImportReportView, order: ImportOrderBody): string {
  return jsonLine({ ...report, errors: report.errors.flatMap((error) => rowErrorsWithColumns(error, order)) });
}
