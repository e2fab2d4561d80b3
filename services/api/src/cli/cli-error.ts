import type { ExitCode } from "./command.ts";

/** What a person is told when a command cannot go on: what happened, and what to do next. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  /** A command to paste, or a sentence. */
  readonly next: string | null;

  constructor(
    message: string,
    { next = null, exitCode = 1 }: { readonly next?: string | null; readonly exitCode?: ExitCode } = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "CliError";
    this.next = next;
    this.exitCode = exitCode;
  }
}

/** The command line is at fault. */
export class UsageError extends CliError {
  constructor(message: string, next: string | null = null) {
    super(message, { next, exitCode: 2 });
    this.name = "UsageError";
  }
}

/** Ctrl-C. What a signal's reason is, and what a command may add to: how to go on. */
export class Interrupted extends Error {
  readonly next: string | null;

  constructor(next: string | null = null) {
    super("interrupted");
    this.name = "Interrupted";
    this.next = next;
  }
}

/** Whoever reads stdout has gone, as `| head` does. */
export class OutputClosed extends Error {
  constructor() {
    super("nobody reads the output");
    this.name = "OutputClosed";
  }
}

/** Does it, and has Ctrl-C say how to go on. */
export async function orGoOn<T>(next: () => string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Interrupted && error.next === null) throw new Interrupted(next());
    throw error;
  }
}
