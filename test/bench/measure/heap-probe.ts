import { once } from "node:events";
import { join } from "node:path";
import type { Child } from "./child.ts";

/** What `installCommand` loads into a service for these. */
export const HEAP_PROBE = join(import.meta.dirname, "heap-probe.cjs");

const ANSWER_WITHIN_MS = 30_000;

/** The bytes that a service with the probe still holds when its garbage has been collected, on V8's heap and outside it. */
export async function heldBytesOf({ name, process }: Child): Promise<number> {
  const answer = once(process, "message", { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  process.send({ kind: "measure" });
  const [said] = (await answer) as [{ readonly bytes: number }];
  if (!(said.bytes > 0)) throw new Error(`the ${name} does not say what it holds`);
  return said.bytes;
}

/** Has each request to the service leave so many bytes behind: what a leak looks like. */
export function leakPerRequest({ process }: Child, bytes: number): void {
  process.send({ kind: "leak", bytes });
}
