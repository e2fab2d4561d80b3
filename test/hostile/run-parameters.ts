import type { TestContext } from "node:test";
import { parseArgs } from "node:util";
import type { Parameters } from "fast-check";

/**
 * How often a property is tried, and from which seed: a new one, or that of a failure, to see it again:
 * `node test/hostile/composed-mail.test.ts --seed=7 --path=12:3`. The seed is told in any case.
 */
export function runParameters<T>(t: TestContext, numRuns: number): Parameters<T> {
  const { values } = parseArgs({ options: { seed: { type: "string" }, path: { type: "string" } }, strict: false });
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`seed ${seed}, ${numRuns} runs`);
  return { numRuns, seed, ...(typeof values.path === "string" ? { path: values.path } : {}) };
}
