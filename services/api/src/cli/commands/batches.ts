import type { BatchSummaryView, BatchView } from "../../batches/batch-view.ts";
import { type Command, defineCommand } from "../command.ts";
import { jsonLine } from "../plain-text.ts";
import { batchLine } from "../progress/batch-lines.ts";
import type { Operation } from "../routes.ts";
import { table } from "../table.ts";
import { wholeNumber } from "../whole-number.ts";

const PAGE = 20;
const PAGE_MAX = 200;

export const batches: Command = defineCommand({
  name: "batches",
  summary: "List the batches, newest first",
  positionals: [],
  options: { limit: { type: "string", value: "N", help: `how many; ${PAGE}` } },
  examples: [{ line: "draftmill batches --limit 5", tells: "the last five, with their ids" }],
  async run({ options, json, client }, { stdout }) {
    const limit = wholeNumber("limit", options.limit, PAGE_MAX) ?? PAGE;
    const { items } = await client.call<{ items: readonly BatchSummaryView[] }>({
      operation: "listBatches",
      query: { limit },
    });
    if (json) {
      await stdout.write(items.map(jsonLine).join(""));
      return 0;
    }
    const rows = items.map(({ id, name, control, total, rejected, createdAt, completedAt }) => [
      id,
      name ?? "",
      completedAt === null ? control : "ended",
      total.toLocaleString("en"),
      rejected.toLocaleString("en"),
      createdAt.replace("T", " ").slice(0, 16),
    ]);
    const head = ["BATCH", "NAME", "STATE", "DRAFTS", "AT FAULT", "SINCE (UTC)"];
    await stdout.write(table(head, rows, stdout.isTty ? stdout.columns() : null));
    return 0;
  },
});

const CONTROLS = {
  pause: ["Set a batch's requests aside from now on", "pauseBatch", "draftmill resume"],
  resume: ["Let a paused batch go on", "resumeBatch", "draftmill watch"],
  cancel: ["End what is not made yet; drafts that exist stay", "cancelBatch", "draftmill undo"],
} as const satisfies Record<string, readonly [summary: string, operation: Operation, next: string]>;

/** pause, resume and cancel. */
export const batchControls: readonly Command[] = Object.entries(CONTROLS).map(([name, [summary, operation, next]]) =>
  defineCommand({
    name,
    summary,
    positionals: [{ name: "BATCH", help: "its id" }],
    options: {},
    examples: [
      {
        line: `draftmill ${name} 0b0c9a1e-7d52-4c1b-9a4e-2f1d6a3b8c70`,
        tells: "within seconds, for all of its requests",
      },
    ],
    async run({ positionals: [id = ""], json, client }, { stdout, stderr }) {
      const batch = await client.call<BatchView>({ operation, id });
      await stdout.write(json ? jsonLine(batch) : `${batchLine(batch, null)}\n`);
      await stderr.write(`Next: ${next} ${id}\n`);
      return 0;
    },
  }),
);
