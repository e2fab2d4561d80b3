import type { Clock } from "@draftmill/shared/clock.ts";
import { DRAFT_STATES } from "@draftmill/shared/contract/draft-record.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { openRegistry, SECONDS } from "@draftmill/shared/metrics/process-metrics.ts";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { ObserveRequest } from "./request-event.ts";

/** What GET /metrics tells of this process, and of the ledger. No figure has a mailbox, a caller or an id in it. */
export interface ApiMetrics {
  readonly registry: Registry;
  readonly observeRequest: ObserveRequest;
}

/** Firestore bills a count for each thousand records, and a scrape comes every few seconds. */
const COUNT_EVERY_MS = 60_000;

export function openApiMetrics(ledger: Pick<DraftLedger, "countByState">, clock: Clock): ApiMetrics {
  const registry = openRegistry();
  const registers = [registry];
  const requests = new Counter({
    name: "draftmill_http_requests_total",
    help: "Requests that were answered, or given up by their caller (status aborted), by the code of their problem.",
    labelNames: ["method", "route", "status", "code"],
    registers,
  });
  const seconds = new Histogram({
    name: "draftmill_http_request_duration_seconds",
    help: "How long answering took, waiting for the draft included.",
    labelNames: ["route"],
    buckets: SECONDS,
    registers,
  });
  countRecords(ledger, clock, registry);
  return {
    registry,
    observeRequest({ method, route, status, code, durationMs }) {
      requests.inc({ method, route, status: status ?? "aborted", code: code ?? "none" });
      seconds.observe({ route }, durationMs / 1_000);
    },
  };
}

/** Requests by state, counted when somebody asks. While the ledger does not answer they are missing, not zero. */
function countRecords(ledger: Pick<DraftLedger, "countByState">, clock: Clock, registry: Registry): void {
  let countedMs = Number.NEGATIVE_INFINITY;
  new Gauge({
    name: "draftmill_requests",
    help: "Requests on record by state; at most a minute old.",
    labelNames: ["state"],
    registers: [registry],
    async collect() {
      if (clock.monotonicMs() - countedMs < COUNT_EVERY_MS) return;
      countedMs = clock.monotonicMs();
      try {
        const counts = await ledger.countByState();
        for (const state of DRAFT_STATES) this.set({ state }, counts[state]);
      } catch {
        this.reset();
        countedMs = Number.NEGATIVE_INFINITY;
      }
    },
  });
}
