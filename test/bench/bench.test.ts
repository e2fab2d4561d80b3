import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { BenchResult, Scale } from "./bench-context.ts";
import { SOAK, soakOf } from "./benches/soak.ts";
import { ALL_BENCHES } from "./benches.ts";
import { Images } from "./measure/image.ts";
import { isMet } from "./report/report.ts";
import { runBenches } from "./run-benches.ts";

/** One round of next to nothing: that all of it runs, not how fast. */
const TINY: Scale = { rounds: 1, windowMs: 20, warmMs: 20, divisor: 100 };
const TINY_SOAK_MINUTES = 0.02;
const LEAK = { minutes: 0.1, perSecond: 100, leakBytes: 16_384 };

const folder = mkdtempSync(join(tmpdir(), "draftmill-images-"));
after(() => rmSync(folder, { recursive: true, force: true }));
/** Built once for all tests here. */
const images = new Images(folder);

test("each benchmark runs, tells finite figures and leaves neither process nor folder", {
  skip: process.platform !== "linux",
}, async (t) => {
  const told: string[] = [];
  const benches = [...ALL_BENCHES, soakOf({ ...SOAK, minutes: TINY_SOAK_MINUTES })];
  const options = { scale: TINY, variants: [], images, tell: (line: string) => told.push(line) };
  // Nothing is measured, so that two at a time are no harm.
  const halves = [0, 1].map((half) => benches.filter((_, index) => ((index + 1) >> 1) % 2 === half));
  const results = (await Promise.all(halves.map((some) => runBenches(some, options)))).flat();
  assert.deepEqual(results.map(({ name }) => name).sort(), benches.map(({ name }) => name).sort());
  for (const line of told.filter((line) => / done in /.test(line))) t.diagnostic(line);
  for (const result of results) saysSomething(result);
  for (const { name } of benches)
    assert.ok(
      told.some((line) => line.startsWith(`${name}: `)),
      `${name} tells how far it is`,
    );
  assert.deepEqual(benchProcesses(), []);
  assert.deepEqual(
    readdirSync(tmpdir()).filter((name) => name.startsWith(`draftmill-bench-${process.pid}-`)),
    [],
  );
});

test("the soak tells a leak by its size, in both services", { skip: process.platform !== "linux" }, async () => {
  const [result] = await runBenches([soakOf(LEAK)], { scale: TINY, variants: [], images, tell: () => {} });
  const firm = result?.targets.filter(({ isFirm }) => isFirm) ?? [];
  assert.equal(firm.length, 2);
  for (const target of firm) {
    assert.ok(!isMet(target), target.what);
    const { median } = target.measured;
    assert.ok(median > 0.7 * LEAK.leakBytes && median < 2 * LEAK.leakBytes, `${target.what}: ${median}`);
  }
});

test("a benchmark that fails says why and ends what it started", { skip: process.platform !== "linux" }, async () => {
  const failing = {
    name: "failing",
    about: "",
    run: async ({ counterparts }: Parameters<(typeof ALL_BENCHES)[number]["run"]>[0]) => {
      await counterparts.pubsub(0);
      throw new Error("out of paper");
    },
  };
  const options = { scale: TINY, variants: [], tell: () => {} };
  await assert.rejects(runBenches([failing], options), /out of paper/);
  assert.deepEqual(benchProcesses(), []);
});

function saysSomething({ name, targets, tables, figures, plots }: BenchResult): void {
  assert.ok(targets.length > 0, `${name} has targets`);
  for (const { what, value, measured } of targets) {
    assert.ok(Number.isFinite(value) && Number.isFinite(measured.median), `${name}, ${what}: ${measured.median}`);
  }
  for (const [figure, value] of Object.entries(figures))
    assert.ok(Number.isFinite(value), `${name}, ${figure}: ${value}`);
  for (const { head, rows } of tables) {
    for (const row of rows) assert.equal(row.length, head.length, `${name}: ${row.join(" ")}`);
  }
  for (const { series } of plots) {
    for (const { x, y } of series.flatMap(({ points }) => points)) assert.ok(Number.isFinite(x + y), name);
  }
}

/** Processes that are children of this one. */
function benchProcesses(): string[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
        const [, parent = ""] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        const words = readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0");
        return Number(parent) === process.pid && words.length > 1 ? [words.join(" ")] : [];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
}
