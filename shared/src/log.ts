import { type DestinationStream, type Logger, pino } from "pino";

export type { Logger } from "pino";

/** Cloud Logging's names for pino's levels (https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity). */
const SEVERITIES: Readonly<Record<string, string>> = {
  trace: "DEBUG",
  debug: "DEBUG",
  info: "INFO",
  warn: "WARNING",
  error: "ERROR",
  fatal: "CRITICAL",
};

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * A logger whose lines Cloud Logging reads as structured entries: `severity`, `message`, `time`.
 * The message is the event's name in the past tense ("draft.settled"); everything else is a field.
 * Of an error under `err` it writes type, message and stack, and nothing that hangs on the object. Even so, never hand it
 * an error of a Google client: its message may quote the mail. Give its code and reason instead.
 */
export function createLogger(service: string, level: LogLevel, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      messageKey: "message",
      base: { service },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ severity: SEVERITIES[label] ?? "DEFAULT" }) },
      serializers: { err: describeError },
    },
    destination ?? pino.destination({ sync: true }),
  );
}

/** What may be logged of an unexpected error: its kind, words and stack, and nothing that hangs on it. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  return { type: error.name, message: error.message, stack: error.stack };
}

/** Ties a log line to the caller's trace, in the field that Cloud Logging looks for. */
export function traceFields(traceparent: string | undefined, project: string | undefined): Record<string, string> {
  const match = traceparent === undefined ? null : /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-/.exec(traceparent);
  if (match === null) return {};
  const [, trace = "", span = ""] = match;
  return {
    "logging.googleapis.com/trace": project === undefined ? trace : `projects/${project}/traces/${trace}`,
    "logging.googleapis.com/spanId": span,
  };
}
