import type { Counterparts } from "./counterparts/counterparts.ts";
import type { OrderedChild } from "./measure/child.ts";
import type { Image } from "./measure/image.ts";
import type { Summary } from "./measure/statistics.ts";
import type { Variant } from "./measure/variant.ts";
import type { Plot } from "./report/plot.ts";
import type { Table } from "./report/table.ts";

/** How much is measured. */
export interface Scale {
  readonly rounds: number;
  /** Of one configuration in one round. */
  readonly windowMs: number;
  /** Of load on each before the first round. */
  readonly warmMs: number;
  /** By what numbers of drafts, mailboxes and rows are divided, where no time says how many; 1 for figures to rely on. */
  readonly divisor: number;
}

/** So many, or as much less as the scale wants, but some. */
export function scaled(count: number, { divisor }: Scale, atLeast = 10): number {
  return Math.max(Math.min(atLeast, count), Math.round(count / divisor));
}

/** What every bench has at hand. */
export interface BenchContext {
  readonly scale: Scale;
  /** The services of this checkout, or of a variant's, built when they are first asked for. */
  imageOf(checkout: string | null): Promise<Image>;
  /** The product as shipped comes first. */
  readonly variants: readonly Variant[];
  /** The processors: for what is measured, and for what measures it. Null for any. */
  readonly cores: { readonly subject: number | null; readonly load: number | null };
  readonly counterparts: Counterparts;
  /** A new folder, gone after the bench. */
  folder(name: string): string;
  tell(line: string): void;
  /** Runs at the end of the bench, last first, whatever came of it. */
  onEnd(close: () => unknown): void;
}

/** One claim of the product about its speed. */
export interface Target {
  readonly what: string;
  readonly against: string;
  readonly bound: "at least" | "at most";
  readonly value: number;
  readonly measured: Summary;
  /** How the figures are to be read: "×", "MB", "ms"; empty for a plain number. */
  readonly unit: string;
  /** The run fails that misses it: it does not depend on the machine. */
  readonly isFirm?: boolean;
}

export interface BenchResult {
  readonly name: string;
  readonly title: string;
  /** What was done, as paragraphs of Markdown. */
  readonly told: readonly string[];
  readonly tables: readonly Table[];
  readonly targets: readonly Target[];
  readonly plots: readonly Plot[];
  /** Figures that the cost model takes; by its names. */
  readonly figures: Readonly<Record<string, number>>;
}

export interface Bench {
  readonly name: string;
  readonly about: string;
  run(context: BenchContext): Promise<BenchResult>;
}

export type { OrderedChild };
