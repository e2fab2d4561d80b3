/** What the bench says to a process that makes load, or is a counterpart, over its IPC channel. */
export type Order =
  /** Begin, with settings of its own. */
  | { readonly kind: "start"; readonly settings: unknown }
  /** Tell how far it is, and what these processes have cost so far. */
  | { readonly kind: "mark"; readonly pids: readonly number[] }
  /** Begin nothing more; answered when what is under way has ended. */
  | { readonly kind: "stop" };

/** The answer to an order. */
export type Report =
  | { readonly kind: "ready"; readonly value: unknown }
  | Mark
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly reason: string };

/** One moment of a run. Time and costs are read in one go, by the process that counts the operations. */
export interface Mark {
  readonly kind: "mark";
  readonly atMs: number;
  /** Since the start. */
  readonly done: number;
  readonly failed: number;
  /** What the first failure said; empty if there was none. */
  readonly firstFailure: string;
  readonly cpuMs: readonly number[];
  /** How long the operations since the mark before took. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}
