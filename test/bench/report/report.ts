import type { BenchResult, Target } from "../bench-context.ts";
import { renderTable, spread } from "./table.ts";

export interface ReportFacts {
  /** The day it was taken, as 2026-12-31. */
  readonly date: string;
  readonly machine: readonly string[];
  readonly scale: string;
  /** Where the plots lie, seen from the page. */
  readonly plotFolder: string;
}

/** The whole of a run as Markdown: what was promised and came of it, then each bench. */
export function renderReport(results: readonly BenchResult[], facts: ReportFacts): string {
  const targets = results.flatMap(({ targets }) => targets);
  const parts = [
    `Taken on ${facts.date} by \`npm run bench\` on ${facts.machine.join("; ")}. ${facts.scale}`,
    renderTable({
      head: ["what", "against", "target", "measured", ""],
      rows: targets.map((target) => [
        target.what,
        target.against,
        `${target.bound === "at least" ? "≥" : "≤"} ${withUnit(target.value, target.unit)}`,
        spread(target.measured, target.unit),
        isMet(target) ? "met" : "**missed**",
      ]),
    }),
    ...results.flatMap((result) => renderBench(result, facts.plotFolder)),
  ];
  return parts.join("\n\n");
}

/** One bench, as paragraphs of Markdown. */
export function renderBench({ title, told, tables, plots }: BenchResult, plotFolder: string): string[] {
  return [
    `### ${title}`,
    ...told,
    ...tables.map(renderTable),
    ...plots.map(({ name, title: about }) => `![${about}](${plotFolder}/${name}.svg)`),
  ];
}

export function isMet({ bound, value, measured }: Target): boolean {
  return bound === "at least" ? measured.median >= value : measured.median <= value;
}

function withUnit(value: number, unit: string): string {
  return unit === "" ? String(value) : `${value} ${unit}`;
}
