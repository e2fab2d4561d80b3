import type { Readable } from "node:stream";
import type { Clock } from "@draftmill/shared/clock.ts";

/** Where text goes. */
export interface Output {
  readonly isTty: boolean;
  /** Of now: a terminal's window is resized. 80 where there is none. */
  columns(): number;
  /** Resolves when more may be written; throws OutputClosed when nobody reads. The text goes out as it is: see plain-text.ts. */
  write(text: string): Promise<void>;
}

/** All that a command sees of the process that it runs in. */
export interface Terminal {
  /** Data, for the next program. */
  readonly stdout: Output;
  /** Progress, questions and errors, for a person. */
  readonly stderr: Output;
  readonly stdin: Readable;
  /** Whether somebody can answer a question. */
  readonly canAsk: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts with Interrupted at Ctrl-C. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}
