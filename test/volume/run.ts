import { mkdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../support/readme.ts";
import { type RunName, withSections } from "./benchmarks-page.ts";
import { runLifted, type VolumeReport } from "./lifted-quota.ts";
import { runWithQuota } from "./with-quota.ts";

/**
 * `npm run volume`: a file as large as files may be through the command line with the quota lifted, and one at the quota. Fails when a row
 * makes no draft, or two. With `--write` the figures go to infra/docs/benchmarks.md
 * and beside it; otherwise they are only told. `--only lifted` or `--only quota` leaves the other as it is.
 */
const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "100000" },
    "quota-rows": { type: "string", default: "10000" },
    mailboxes: { type: "string", default: "10" },
    units: { type: "string", default: "6000" },
    only: { type: "string", default: "both" },
    write: { type: "boolean", default: false },
    out: { type: "string", default: join(ROOT, "infra/docs") },
  },
});

// Ended from outside, it leaves its folder behind, but no service.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

/** Taken before the run loads the machine itself. */
const machine = `Node ${process.versions.node} on ${availableParallelism()} cores, with a load of ${loadavg()[0]?.toFixed(1)} when it began.`;

const tell = (line: string): void => void process.stdout.write(`${line}\n`);
const mailboxes = Number(values.mailboxes);
const reports = new Map<RunName, VolumeReport>();
if (values.only !== "quota") reports.set("lifted", await runLifted(Number(values.rows), mailboxes, tell));
if (values.only !== "lifted") {
  const quota = { rows: Number(values["quota-rows"]), mailboxes, unitsPerMinute: Number(values.units) };
  reports.set("quota", await runWithQuota(quota, tell));
}
if (values.write) {
  const page = join(values.out, "benchmarks.md");
  const told = [...reports].map(([name, { section }]) => [name, { ...section, text: `${section.text} ${machine}` }]);
  await writeFile(page, withSections(await readFile(page, "utf8"), Object.fromEntries(told)));
  for (const [name, text] of [...reports.values()].flatMap(({ files }) => Object.entries(files))) {
    const path = join(values.out, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}
for (const { section } of reports.values()) {
  tell(`\n${section.heading}\n${section.text}`);
  for (const row of [section.table.head, ...section.table.rows]) tell(row.map((cell) => cell.padEnd(22)).join(""));
}
