import type { Report } from "./report.ts";
import type { Outcome } from "./run-probes.ts";

const STATUS_WIDTH = 13;

/** The report for a person: the four questions, each probe with what was called, and what to paste under what is wrong. */
export function printReport({ half, about, questions, probes, next, verdict }: Report): string {
  const idWidth = Math.max(...probes.map(({ id }) => id.length)) + 2;
  const asksWidth = Math.max(...questions.map(({ asks }) => asks.length)) + 2;
  const otherHalf = half === "operator" ? "the worker's half tells" : "the operator's half tells";
  const lines = [
    `draftmill doctor, the ${half}'s half: ${about}`,
    "",
    ...questions.map(
      ({ asks, status }, at) => `${at + 1}. ${asks.padEnd(asksWidth)}${status === null ? otherHalf : wordOf(status)}`,
    ),
    "",
    ...probes.flatMap((outcome) => linesOf(outcome, idWidth)),
    "",
    summaryOf(probes, verdict),
  ];
  if (next.length > 0) lines.push("", "Next:", ...next.map((command) => `  ${command}`));
  return `${lines.join("\n")}\n`;
}

function linesOf({ status, id, title, said, remedies, called, durationMs }: Outcome, idWidth: number): string[] {
  const indent = " ".repeat(STATUS_WIDTH + idWidth);
  const calls = called.length === 0 ? [] : [`${indent}  ${called.join(", ")} (${Math.round(durationMs)} ms)`];
  return [
    `${wordOf(status).padEnd(STATUS_WIDTH)}${id.padEnd(idWidth)}${title}: ${said}`,
    ...calls,
    ...remedies.map((remedy) => `${indent}> ${remedy}`),
  ];
}

function wordOf(status: Outcome["status"]): string {
  return status === "cannot-tell" ? "cannot tell" : status;
}

function summaryOf(probes: readonly Outcome[], verdict: Report["verdict"]): string {
  const count = (wanted: Outcome["status"]): number => probes.filter(({ status }) => status === wanted).length;
  const counted = (["ok", "warning", "wrong", "cannot-tell", "skipped"] as const)
    .filter((status) => count(status) > 0)
    .map((status) => `${count(status)} ${wordOf(status)}`);
  return `${probes.length} probes: ${counted.join(", ")}. Verdict: ${verdict === "cannot-tell" ? "cannot tell" : verdict}.`;
}
