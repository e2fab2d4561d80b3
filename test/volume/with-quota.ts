import type { VolumeReport } from "./lifted-quota.ts";
import { linePlot } from "./line-plot.ts";
import { writeProspects } from "./prospects-file.ts";
import { samplesCsv } from "./samples.ts";
import { startVolumeRun } from "./volume-run.ts";

/** Gmail's price of a draft. */
const UNITS_PER_DRAFT = 10;

/** A batch over several mailboxes at Gmail's quota: how near it comes to what the quota allows, and how often Gmail has to say no. */
export async function runWithQuota(
  {
    rows,
    mailboxes,
    unitsPerMinute,
  }: { readonly rows: number; readonly mailboxes: number; readonly unitsPerMinute: number },
  tell: (line: string) => void,
): Promise<VolumeReport> {
  const run = await startVolumeRun(unitsPerMinute, tell);
  try {
    const file = await writeProspects(run.folder, rows, mailboxes);
    const optimum = (Math.ceil(rows / mailboxes) * UNITS_PER_DRAFT * 60) / unitsPerMinute;
    const began = run.samples.at(-1)?.seconds ?? 0;
    const { seconds } = await run.draftmill("import --watch", ["import", ...file, "--yes", "--watch"]);
    const creates = run.google.calls.list().filter(({ operation }) => operation === "drafts.create");
    const refused = creates.filter(({ status }) => status === 403 || status === 429).length;
    const made = run.made();
    const { seconds: againSeconds } = await run.draftmill("again, another key", [
      "import",
      ...file,
      "--yes",
      "--watch",
      "--key",
      "again",
    ]);
    const again = run.made() - made;
    if (made !== rows || again !== 0) throw new Error(`of ${rows} rows ${made} were made, and ${again} again`);
    const inImport = run.samples.filter(({ step }) => step === "import --watch");
    const plot = linePlot(
      [
        { name: "drafts", points: inImport.map((sample) => [sample.seconds - began, sample.drafts]) },
        {
          name: "quota",
          points: [
            [0, 0],
            [optimum, rows],
          ],
          dashed: true,
        },
      ],
      {
        title: `${rows.toLocaleString("en")} drafts over ${mailboxes} mailboxes at ${unitsPerMinute} units a minute`,
        x: "seconds",
        y: "drafts",
      },
    );
    return {
      section: {
        heading: `${rows.toLocaleString("en")} rows over ${mailboxes} mailboxes, at Gmail's quota`,
        text: `${unitsPerMinute.toLocaleString("en")} units a minute and mailbox. The optimum is what the quota allows the mailbox with the most rows; the time is the command's own, from the file to the end of the batch; Gmail counts by the minute, so that the first and the last one are worth more, the shorter a run is. The same file under another Idempotency-Key made ${again} drafts in ${againSeconds.toFixed(0)} s.`,
        table: {
          head: ["rows", "mailboxes", "s", "optimum s", "time / optimum", "creates refused", "of all creates"],
          rows: [
            [
              rows.toLocaleString("en"),
              String(mailboxes),
              seconds.toFixed(1),
              optimum.toFixed(1),
              (seconds / optimum).toFixed(2),
              refused.toLocaleString("en"),
              `${((refused / Math.max(1, creates.length)) * 100).toFixed(1)} %`,
            ],
          ],
        },
        plots: [{ file: "volume/quota-drafts.svg", alt: "Drafts made over time, and what the quota allows" }],
      },
      files: { "volume/quota-drafts.svg": plot, "volume/quota.csv": samplesCsv(run.samples) },
    };
  } finally {
    await run.close();
  }
}
