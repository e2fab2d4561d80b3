import { type Command, defineCommand } from "../command.ts";
import { jsonLine } from "../plain-text.ts";
import { exitCodeOf, followBatch } from "../progress/follow-batch.ts";

export const watch: Command = defineCommand({
  name: "watch",
  summary: "Follow a batch until it has ended",
  about: `On a terminal a bar for the batch and for its mailboxes, with the speed of the last half minute and the time left; elsewhere a line every
ten seconds. It ends with the batch: 0 when every request is a draft, 3 when some failed or wait for an administrator.`,
  positionals: [{ name: "BATCH", help: "its id, as import says it" }],
  options: {},
  examples: [
    {
      line: "draftmill watch 0b0c9a1e-7d52-4c1b-9a4e-2f1d6a3b8c70",
      tells: "how far a batch is, and how long it takes",
    },
  ],
  async run({ positionals: [id = ""], json, client }, terminal) {
    const batch = await followBatch(client, id, terminal);
    if (json) await terminal.stdout.write(jsonLine(batch));
    const { counts, status } = batch;
    const failed = counts.failed + counts.dead + counts.parked;
    if (failed > 0) await terminal.stderr.write(`${failed} became no draft. Next: draftmill failures --batch ${id}\n`);
    if (status === "incomplete")
      await terminal.stderr.write("Not all of the file has arrived. Next: import it again as it is, and it goes on\n");
    return exitCodeOf(batch);
  },
});
