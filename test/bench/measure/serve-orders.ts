import { Latencies } from "./latencies.ts";
import { cpuMsOf } from "./process-cost.ts";
import type { Order, Report } from "./protocol.ts";

/** What a process does that is measured, or that measures. */
export interface Ordered {
  /** Opens what it needs and resolves with what the bench must know of it. */
  start(settings: unknown, count: Counter): Promise<unknown>;
  /** Begins nothing more; resolves once nothing is under way. */
  stop(): Promise<void>;
}

/** Where operations are counted. */
export interface Counter {
  done(ms: number): void;
  failed(reason: string): void;
}

/** Carries out the bench's orders until its channel closes, which it also does when the bench is killed. */
export function serveOrders(ordered: Ordered): void {
  const latencies = new Latencies();
  let done = 0;
  let failed = 0;
  let firstFailure = "";
  const counter: Counter = {
    done(ms) {
      done += 1;
      latencies.add(ms);
    },
    failed(reason) {
      failed += 1;
      if (firstFailure === "") firstFailure = reason;
    },
  };
  const report = (said: Report): void => {
    process.send?.(said);
  };
  const carryOut = async (order: Order): Promise<Report> => {
    switch (order.kind) {
      case "start":
        return { kind: "ready", value: await ordered.start(order.settings, counter) };
      case "mark": {
        const mark = { kind: "mark", atMs: performance.now(), cpuMs: order.pids.map(cpuMsOf) } as const;
        const [p50Ms, p99Ms] = [latencies.quantile(0.5), latencies.quantile(0.99)];
        latencies.reset();
        return { ...mark, done, failed, firstFailure, p50Ms, p99Ms };
      }
      case "stop":
        await ordered.stop();
        return { kind: "stopped" };
      default:
        return order satisfies never;
    }
  };
  process.on("message", (order: Order) => {
    carryOut(order).then(report, (error: unknown) =>
      report({ kind: "failed", reason: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.once("disconnect", () => process.exit(0));
}
