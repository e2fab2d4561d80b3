import type { BatchView } from "../../batches/batch-view.ts";
import { confirm, refuseUnasked } from "../ask.ts";
import { type Command, defineCommand } from "../command.ts";
import { jsonLine, plainText } from "../plain-text.ts";
import { followBatch } from "../progress/follow-batch.ts";

export const undo: Command = defineCommand({
  name: "undo",
  summary: "Take a batch back: cancel it and delete its drafts that nobody has worked on",
  about: `Drafts that somebody has edited stay, and so does what was sent or thrown away; both are counted. It is over
when nothing can be under way any more: one to two minutes after it was ordered, or three if a request is stuck. Exit code 3
when a draft was kept.`,
  positionals: [{ name: "BATCH", help: "its id" }],
  options: { yes: { type: "boolean", short: "y", help: "do not ask" } },
  examples: [
    { line: "draftmill undo 0b0c9a1e-7d52-4c1b-9a4e-2f1d6a3b8c70", tells: "ask, do it, and say what was kept" },
  ],
  async run({ options, positionals: [id = ""], json, line, client }, terminal) {
    const { stdout, stderr } = terminal;
    if (!options.yes) {
      refuseUnasked(line, terminal);
      const { name, counts, mailboxes } = await client.call<BatchView>({ operation: "getBatch", id });
      const open = counts.queued + counts.processing;
      const where = mailboxes.length === 1 ? plainText(mailboxes[0]?.mailbox ?? "") : `${mailboxes.length} mailboxes`;
      const also = open === 0 ? "" : ` and cancel ${open.toLocaleString("en")} that are not made yet`;
      const what = `Delete ${counts.created.toLocaleString("en")} drafts of ${plainText(name ?? id)} in ${where}${also}?`;
      await confirm(what, line, terminal);
    }
    await client.call<BatchView>({ operation: "undoBatch", id });
    const batch = await followBatch(
      client,
      id,
      terminal,
      ({ undo: order }) => order !== null && order.finishedAt !== null,
    );
    const { deleted = 0, keptEdited = 0, gone = 0 } = batch.undo ?? {};
    await stdout.write(
      json
        ? jsonLine(batch)
        : `${deleted} deleted, ${keptEdited} kept because they were edited, ${gone} already gone\n`,
    );
    if (keptEdited > 0) await stderr.write(`Next: draftmill results ${id} --state created has those that were kept\n`);
    return keptEdited > 0 ? 3 : 0;
  },
});
