import { fork } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { join } from "node:path";

/** A process that the nursery has started. Emits `line` with each line that it says, and `exit` with its code, null after a signal. */
export interface Nursling extends EventEmitter<{ line: [string]; exit: [number | null] }> {
  /** Sends the signal; nothing happens once it has ended. */
  kill(signal: NodeJS.Signals): void;
}

/** Starts processes from a small one: see nursery.cjs. */
export interface Nursery {
  start(args: readonly string[], environment: Readonly<Record<string, string>>): Nursling;
  /** Kills those that live, and resolves when they have ended. */
  close(): Promise<void>;
}

type Told = { readonly id: number } & ({ readonly line: string } | { readonly exitCode: number | null });

export function openNursery(): Nursery {
  const living = new Map<number, Nursling>();
  let started = 0;
  const nurse = fork(join(import.meta.dirname, "nursery.cjs"), { execArgv: [] });
  const ended = once(nurse, "exit").then(() => {
    for (const child of living.values()) child.emit("exit", null);
    living.clear();
  });
  nurse.on("message", (told: Told) => {
    const child = living.get(told.id);
    if ("line" in told) {
      child?.emit("line", told.line);
    } else {
      living.delete(told.id);
      child?.emit("exit", told.exitCode);
    }
  });
  return {
    start(args, environment) {
      started += 1;
      const id = started;
      const child: Nursling = Object.assign(new EventEmitter<{ line: [string]; exit: [number | null] }>(), {
        kill(signal: NodeJS.Signals) {
          if (nurse.connected) nurse.send({ id, signal });
        },
      });
      living.set(id, child);
      nurse.send({ id, args, environment });
      return child;
    },
    async close() {
      if (nurse.connected) nurse.disconnect();
      await ended;
    },
  };
}
