import { Readable } from "node:stream";
import type { Terminal } from "@draftmill/api/cli/terminal.ts";
import type { Clock } from "@draftmill/shared/clock.ts";
import { ManualClock } from "./manual-clock.ts";

export interface RecordedTerminal extends Terminal {
  readonly said: { stdout: string; stderr: string };
  readonly interrupt: AbortController;
}

/** A terminal that keeps what it is told. */
export function recordedTerminal({
  isTty = false,
  columns = 80,
  env = {},
  clock = new ManualClock(),
}: {
  readonly isTty?: boolean;
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
} = {}): RecordedTerminal {
  const said = { stdout: "", stderr: "" };
  const interrupt = new AbortController();
  const output = (name: "stdout" | "stderr") => ({
    isTty,
    columns: () => columns,
    async write(text: string) {
      said[name] += text;
    },
  });
  return {
    said,
    interrupt,
    stdout: output("stdout"),
    stderr: output("stderr"),
    stdin: Readable.from([]),
    canAsk: false,
    env,
    signal: interrupt.signal,
    clock,
  };
}
