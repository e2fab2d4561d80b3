import type { PageSection } from "./benchmarks-page.ts";
import { linePlot } from "./line-plot.ts";
import { mailboxesOf, writeProspects } from "./prospects-file.ts";
import { peakOf, samplesCsv } from "./samples.ts";
import { type Step, startVolumeRun } from "./volume-run.ts";

export interface VolumeReport {
  readonly section: PageSection;
  /** By their names, beside the page. */
  readonly files: Readonly<Record<string, string>>;
}

/** The most that the services take for a quota: 1,666 drafts a second and mailbox, more than one machine does. */
const NO_QUOTA = 1_000_000;

/** A file as large as files may be, with Gmail's quota out of the way: what this machine and this code do, and in how much memory. */
export async function runLifted(rows: number, mailboxes: number, tell: (line: string) => void): Promise<VolumeReport> {
  const run = await startVolumeRun(NO_QUOTA, tell);
  try {
    const file = await writeProspects(run.folder, rows, mailboxes);
    const steps: { readonly step: Step; readonly what: string }[] = [];
    const note = async (what: string, args: readonly string[]): Promise<Step> => {
      const step = await run.draftmill(what, args);
      steps.push({ step, what });
      return step;
    };
    await note("validate", ["validate", ...file]);
    await note("import --dry-run", ["import", ...file, "--dry-run"]);
    const startedMs = performance.now();
    const imported = await note("import", ["import", ...file, "--yes", "--json"]);
    const { id, accepted } = JSON.parse(imported.stdout) as { id: string; accepted: number };
    await note("watch", ["watch", id]);
    const allSeconds = (performance.now() - startedMs) / 1_000;
    const made = run.made();
    await note("the same file again", ["import", ...file, "--yes", "--watch"]);
    const again = run.made() - made;
    await note("results", ["results", id, "--format", "ndjson"]);
    const undone = await note("undo", ["undo", id, "--yes", "--json"]);
    const { undo } = JSON.parse(undone.stdout) as { undo: { deleted: number } };
    const left = mailboxesOf(mailboxes).reduce((sum, mailbox) => sum + run.google.drafts(mailbox).length, 0);
    if (accepted !== rows || made !== rows || again !== 0 || undo.deleted !== rows || left !== 0)
      throw new Error(
        `of ${rows} rows ${accepted} were accepted, ${made} made, ${again} again, ${undo.deleted} taken back, ${left} are left`,
      );
    const line = (of: "cliMb" | "apiMb" | "workerMb") =>
      run.samples.flatMap((sample): [number, number][] => (sample[of] === null ? [] : [[sample.seconds, sample[of]]]));
    const memory = linePlot(
      [
        { name: "command line", points: line("cliMb") },
        { name: "api", points: line("apiMb") },
        { name: "worker", points: line("workerMb") },
      ],
      { title: `Memory over a run of ${rows.toLocaleString("en")} rows`, x: "seconds", y: "resident MB" },
    );
    const drafts = linePlot(
      [{ name: "drafts", points: run.samples.map(({ seconds, drafts: count }) => [seconds, count]) }],
      {
        title: `Drafts made, ${rows.toLocaleString("en")} rows`,
        x: "seconds",
        y: "drafts",
      },
    );
    return {
      section: {
        heading: `${rows.toLocaleString("en")} rows in one file, the quota lifted`,
        text: `Over ${mailboxes} mailboxes, from the command line; ${Math.round(rows / allSeconds)} drafts a second from the first byte of the file to the last draft. The same file again made ${again} drafts, and undo deleted ${undo.deleted.toLocaleString("en")} of ${made.toLocaleString("en")}; of its time the first minute is for requests that may be under way.`,
        table: {
          head: ["step", "s", "rows/s", "command line MB", "api MB", "worker MB"],
          rows: steps.map(({ step, what }) => [
            what,
            step.seconds.toFixed(1),
            Math.round(rows / step.seconds).toLocaleString("en"),
            peakOf(run.samples, what, "cliMb"),
            peakOf(run.samples, what, "apiMb"),
            peakOf(run.samples, what, "workerMb"),
          ]),
        },
        plots: [
          { file: "volume/lifted-memory.svg", alt: "Resident memory of command line, api and worker over the run" },
          { file: "volume/lifted-drafts.svg", alt: "Drafts made over the run" },
        ],
      },
      files: {
        "volume/lifted-memory.svg": memory,
        "volume/lifted-drafts.svg": drafts,
        "volume/lifted.csv": samplesCsv(run.samples),
      },
    };
  } finally {
    await run.close();
  }
}
