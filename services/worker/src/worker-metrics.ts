import { openRegistry, SECONDS } from "@draftmill/shared/metrics/process-metrics.ts";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { LetterOutcome } from "./dead-letters/settle-dead-letter.ts";
import type { GoogleCall } from "./google/google-call.ts";
import type { Outcome } from "./outcome.ts";
import type { SweepReport } from "./sweep/sweep-report.ts";

/** What GET /metrics tells of this process. No figure has a mailbox or an id in it. */
export interface WorkerMetrics {
  readonly registry: Registry;
  /** Between a push and its answer. */
  deliveryBegins(): void;
  deliveryEnds(outcome: Outcome, durationMs: number): void;
  deadLetter(outcome: LetterOutcome): void;
  pushRefused(code: string): void;
  googleCall(call: GoogleCall): void;
  sweep(report: SweepReport): void;
}

export function openWorkerMetrics(): WorkerMetrics {
  const registry = openRegistry();
  const registers = [registry];
  const deliveries = new Counter({
    name: "draftmill_deliveries_total",
    help: "Deliveries of draft requests by outcome, and by code where it is no draft.",
    labelNames: ["outcome", "code"],
    registers,
  });
  const held = new Gauge({
    name: "draftmill_deliveries_in_flight",
    help: "Deliveries that are under way, those that wait for their turn included.",
    registers,
  });
  const deliverySeconds = new Histogram({
    name: "draftmill_delivery_duration_seconds",
    help: "From a push to its answer, waiting included.",
    labelNames: ["outcome"],
    buckets: SECONDS,
    registers,
  });
  const letters = new Counter({
    name: "draftmill_dead_letters_total",
    help: "Deliveries of dead letters by outcome.",
    labelNames: ["outcome"],
    registers,
  });
  const refused = new Counter({
    name: "draftmill_pushes_refused_total",
    help: "Calls that proved to be no push of ours, by code.",
    labelNames: ["code"],
    registers,
  });
  const calls = new Counter({
    name: "draftmill_google_calls_total",
    help: "Calls to Google by operation and HTTP status (none: no answer).",
    labelNames: ["operation", "status"],
    registers,
  });
  const callSeconds = new Histogram({
    name: "draftmill_google_call_duration_seconds",
    help: "How long Google took.",
    labelNames: ["operation"],
    buckets: SECONDS,
    registers,
  });
  const swept = new Counter({
    name: "draftmill_swept_total",
    help: "What sweeps did, by the names of their report.",
    labelNames: ["what"],
    registers,
  });
  return {
    registry,
    deliveryBegins: () => held.inc(),
    deliveryEnds(outcome, durationMs) {
      held.dec();
      deliveries.inc({ outcome: outcome.kind, code: codeOf(outcome) });
      deliverySeconds.observe({ outcome: outcome.kind }, durationMs / 1_000);
    },
    deadLetter: (outcome) => letters.inc({ outcome: outcome.kind }),
    pushRefused: (code) => refused.inc({ code }),
    googleCall({ operation, status, durationMs }) {
      calls.inc({ operation, status: status ?? "none" });
      callSeconds.observe({ operation }, durationMs / 1_000);
    },
    sweep({ unfinished, ...counts }) {
      for (const [what, count] of Object.entries(counts)) swept.inc({ what }, count);
      swept.inc({ what: "unfinished" }, unfinished ? 1 : 0);
    },
  };
}

function codeOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case "created":
    case "duplicate":
    case "scheduled":
      return "none";
    case "parked":
    case "canceled":
      return outcome.code;
    case "dead-lettered":
    case "handed-back":
    case "retry":
      return outcome.error.code;
    default:
      return outcome satisfies never;
  }
}
