import { VARIANT_BOUNDS } from "./bounds.ts";
import { INVARIANTS, type Invariant } from "./invariants.ts";
import { modelOf } from "./model.ts";
import { FULL_SCENARIOS, SMALL_SCENARIOS } from "./scenarios.ts";
import { type Found, type SearchOptions, search, type Trace } from "./search.ts";
import { BEYOND_TIMING, BROKEN_VARIANTS } from "./variants.ts";

/** `npm run model`: every scenario to its end, every variant to its failure. Exits 1 if either is not as it should be. */

const PROGRESS_MS = 2_000;
let failures = 0;
let total = 0;
const beganMs = performance.now();

for (const { name, protocol, bounds, transient } of [...SMALL_SCENARIOS, ...FULL_SCENARIOS]) {
  const found = timed(name, (options) => search(modelOf(protocol, bounds), options));
  total += found.states;
  const wrong = [...found.broken].filter(([invariant]) => !transient.includes(invariant));
  for (const [invariant, trace] of wrong) print(invariant, trace);
  if (wrong.length > 0 || !found.isExhaustive)
    fail(found.isExhaustive ? "the protocol breaks" : "not searched to the end");
}
const tookS = (performance.now() - beganMs) / 1_000;
console.log(`\n${count(total)} states of the protocol in ${tookS.toFixed(0)} s, ${count(total / tookS)} a second\n`);

for (const { name, without, protocol, breaks } of [...BROKEN_VARIANTS, ...BEYOND_TIMING]) {
  const found = search(modelOf(protocol, VARIANT_BOUNDS), { until: [breaks] });
  const trace = found.broken.get(breaks);
  console.log(`${name}, without ${without}: ${count(found.states)} states`);
  if (trace === undefined) fail(`it should break "${INVARIANTS[breaks]}"`);
  else print(breaks, trace);
}
process.exitCode = failures === 0 ? 0 : 1;

function timed(name: string, run: (options: SearchOptions) => Found): Found {
  const startedMs = performance.now();
  let toldMs = startedMs;
  const found = run({
    onProgress(states, open) {
      if (performance.now() - toldMs < PROGRESS_MS) return;
      toldMs = performance.now();
      console.log(`  ${name}: ${count(states)} states, ${count(open)} of them open`);
    },
  });
  const seconds = (performance.now() - startedMs) / 1_000;
  const megabytes = process.memoryUsage().rss / 1e6;
  console.log(
    `${name}: ${count(found.states)} states, ${count(found.resting)} at rest, up to ${found.depth} steps, ` +
      `${seconds.toFixed(1)} s, ${megabytes.toFixed(0)} MB`,
  );
  return found;
}

function print(invariant: Invariant, trace: Trace): void {
  console.log(`  after ${trace.length} steps ${INVARIANTS[invariant]}:`);
  for (const [index, step] of trace.entries()) console.log(`  ${String(index + 1).padStart(4)}  ${step}`);
}

function fail(reason: string): void {
  failures += 1;
  console.log(`  FAILED: ${reason}`);
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}
