import type { LogEvent, ServiceName } from "./service-process.ts";

/** Fields that every line has or that nobody reads on a terminal. */
const LEFT_OUT = new Set(["severity", "message", "time", "service", "config"]);
const QUIET = new Set([
  "api.starting",
  "worker.starting",
  "api.started",
  "worker.started",
  "api.stopped",
  "worker.stopped",
]);

/** Prints the services' events for a person: what went wrong and what became of each request; with `verbose`, all. */
export function eventPrinter(
  out: { write(text: string): unknown },
  verbose: boolean,
): (service: ServiceName, event: LogEvent) => void {
  return (service, event) => {
    const severity = typeof event.severity === "string" ? event.severity : "INFO";
    if (!verbose && (QUIET.has(event.message) || severity === "DEBUG")) return;
    const fields = Object.entries(event)
      .filter(([name, value]) => !LEFT_OUT.has(name) && value !== null && value !== "")
      .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
    const mark = severity === "INFO" || severity === "DEBUG" ? "" : `${severity} `;
    out.write(`${service.padEnd(6)} ${mark}${event.message} ${fields.join(" ")}\n`);
  };
}
