import type { Outcome } from "./run-probes.ts";

/** One of the questions that everybody asks first, and the probes that answer it. */
export interface Question {
  readonly asks: string;
  /** Empty: the other half's probes answer it. */
  readonly probes: readonly string[];
}

export interface Answer {
  readonly asks: string;
  /** The worst of its probes; null where this half does not ask. */
  readonly status: Outcome["status"] | null;
}

/** What one half of the doctor has to say. */
export interface Report {
  readonly half: "operator" | "worker";
  /** What was looked at: project, region, prefix; or the mailbox. */
  readonly about: string;
  readonly verdict: "ok" | "wrong" | "cannot-tell";
  readonly questions: readonly Answer[];
  readonly probes: readonly Outcome[];
  /** Commands for what this half does not tell. */
  readonly next: readonly string[];
}

export type ReportSource = Omit<Report, "verdict" | "questions"> & { readonly questions: readonly Question[] };

/** From bad to good: the first that is among the probes is the question's answer. */
const WORST_FIRST = ["wrong", "skipped", "cannot-tell", "warning", "ok"] as const;

export function makeReport(source: ReportSource): Report {
  const { half, about, probes, next } = source;
  const statusesOf = (ids: readonly string[]) =>
    probes.filter(({ id }) => ids.includes(id)).map(({ status }) => status);
  const questions = source.questions.map(({ asks, probes: ids }) => {
    const statuses = statusesOf(ids);
    return { asks, status: WORST_FIRST.find((status) => statuses.includes(status)) ?? null };
  });
  return { half, about, verdict: verdictOf(probes), questions, probes, next };
}

function verdictOf(probes: readonly Outcome[]): Report["verdict"] {
  if (probes.some(({ status }) => status === "wrong")) return "wrong";
  return probes.some(({ status }) => status === "cannot-tell") ? "cannot-tell" : "ok";
}

/** 0 all is well, 1 something is wrong, 3 something could not be told; 2 is for a wrong command line. Warnings change nothing. */
export function exitCodeOf({ verdict }: Report): 0 | 1 | 3 {
  switch (verdict) {
    case "ok":
      return 0;
    case "wrong":
      return 1;
    case "cannot-tell":
      return 3;
    default:
      return verdict satisfies never;
  }
}
