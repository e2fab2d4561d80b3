import type { CrashMode } from "./crash-points.ts";

/** What became of one point in one mode. */
export interface CrashRow {
  readonly point: string;
  readonly mode: CrashMode;
  /** Requests that were at the point when it happened. */
  readonly runs: number;
  readonly created: number;
  /** Failures with their reason. */
  readonly explained: number;
  /** Requests that had two drafts until the sweep. */
  readonly twoForAWhile: number;
  /** From the end of the process, or from when the call was stopped, to the acknowledgement; of those that had one later. */
  readonly recoveryMs: readonly number[];
}

const HEAD = "| point | mode | runs | drafts | failures | two, then one | recovery median | worst |";
const RULE = "|---|---|---|---|---|---|---|---|";

/** The rows as a table in Markdown. */
export function crashTable(rows: readonly CrashRow[]): readonly string[] {
  return [HEAD, RULE, ...rows.map(lineOf)];
}

function lineOf({ point, mode, runs, created, explained, twoForAWhile, recoveryMs }: CrashRow): string {
  const sorted = recoveryMs.toSorted((a, b) => a - b);
  const median = seconds(sorted[Math.floor((sorted.length - 1) / 2)]);
  const cells = [point, mode, runs, created, explained, twoForAWhile, median, seconds(sorted.at(-1))];
  return `| ${cells.join(" | ")} |`;
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? "–" : `${(ms / 1_000).toFixed(1)} s`;
}
