/** What a probe saw, in one sentence, and what to paste when it is not as it should be. */
export interface Finding {
  readonly said: string;
  /** Commands, console paths and scopes with the resources' real names in them. */
  readonly remedies: readonly string[];
}

/**
 * - `warning`: it works, and somebody should know of it all the same
 * - `cannot-tell`: the question could not be asked, which is neither good nor bad news
 */
export type Verdict =
  | { readonly status: "ok"; readonly said: string }
  | ({
      readonly status: "warning" | "wrong" | "cannot-tell";
      /** Parts of what was asked that are wrong, where others hold: see `Probe.needs`. */
      readonly broken?: readonly string[];
    } & Finding);

/** One question to Google about one thing. */
export interface Probe<Context> {
  /** Short and stable: scripts and other probes name it. */
  readonly id: string;
  readonly title: string;
  /**
   * Probes before this one in the list without which it would only tell the same fault again. `id` stands for all of
   * another probe, `id:part` for that part of it.
   */
  readonly needs: readonly string[];
  /** May throw a `CannotTell`. Notes each call it makes, as a person may read it. */
  run(context: Context, trail: Trail): Promise<Verdict>;
}

export interface Trail {
  note(call: string): void;
  /** Aborts when the probe's time is over. */
  readonly signal: AbortSignal;
}

/** Thrown where a question cannot be asked. */
export class CannotTell extends Error {
  readonly remedies: readonly string[];

  constructor(said: string, remedies: readonly string[]) {
    super(said);
    this.name = "CannotTell";
    this.remedies = remedies;
  }
}

export function ok(said: string): Verdict {
  return { status: "ok", said };
}

export function wrong(said: string, ...remedies: string[]): Verdict {
  return { status: "wrong", said, remedies };
}

export function warning(said: string, ...remedies: string[]): Verdict {
  return { status: "warning", said, remedies };
}

/** All that is wrong with one thing, or else the sentence that it is as it should be. */
export function judge(findings: readonly Finding[], otherwise: string, status: "wrong" | "warning" = "wrong"): Verdict {
  if (findings.length === 0) return ok(otherwise);
  return {
    status,
    said: findings.map(({ said }) => said).join("; "),
    remedies: [...new Set(findings.flatMap(({ remedies }) => remedies))],
  };
}
