import assert from "node:assert/strict";
import { test } from "node:test";
import type { BenchResult, Target } from "../../bench/bench-context.ts";
import { readRecipe } from "../../bench/measure/image.ts";
import { parseVariant } from "../../bench/measure/variant.ts";
import { replaceSection } from "../../bench/report/marked-section.ts";
import { renderPlot } from "../../bench/report/plot.ts";
import { isMet, renderReport } from "../../bench/report/report.ts";
import { figure, renderTable, spread } from "../../bench/report/table.ts";
import { readText } from "../../support/readme.ts";

const PAGE =
  "# Page\n\n<!-- bench:begin -->\nold\n<!-- bench:end -->\n\n<!-- volume:begin -->\nkept\n<!-- volume:end -->\n";

test("a section is replaced between its markers, twice as well as once, and the rest of the page stays", () => {
  const once = replaceSection(PAGE, "bench", "new\n");
  assert.equal(once, PAGE.replace("old", "new"));
  assert.equal(replaceSection(once, "bench", "new\n"), once);
  assert.equal(replaceSection(PAGE, "volume", "more"), PAGE.replace("kept", "more"));
});

test("a page without the markers, with one twice, or with them the wrong way round is refused", () => {
  const begin = "<!-- bench:begin -->";
  const end = "<!-- bench:end -->";
  for (const page of ["", begin, end, `${end}${begin}`, `${begin}${end}${begin}`, `${begin}${end}${end}`]) {
    assert.throws(() => replaceSection(page, "bench", "new"), /must have/, page);
  }
});

test("the page of the results has the section", () => {
  const page = readText("infra/docs/benchmarks.md");
  assert.notEqual(replaceSection(page, "bench", "something else"), page);
});

test("a target at its bound is met, and one that was not measured is not", () => {
  const target = (bound: Target["bound"], median: number): Target => ({
    what: "speed",
    against: "a peer",
    bound,
    value: 2,
    unit: "×",
    measured: { median, least: 1, most: 3, rounds: 3 },
  });
  assert.equal(isMet(target("at least", 2)), true);
  assert.equal(isMet(target("at least", 1.9)), false);
  assert.equal(isMet(target("at most", 2)), true);
  assert.equal(isMet(target("at most", 2.1)), false);
  assert.equal(isMet(target("at least", Number.NaN)), false);
  assert.equal(isMet(target("at most", Number.NaN)), false);
  const result: BenchResult = {
    name: "speed",
    title: "Speed",
    told: ["How it was measured."],
    tables: [{ head: ["a"], rows: [["b|c"]] }],
    targets: [target("at most", 2.1)],
    plots: [],
    figures: {},
  };
  const report = renderReport([result], { date: "2026-11-27", machine: ["a machine"], scale: "", plotFolder: "plots" });
  assert.match(report, /\| speed \| a peer +\| ≤ 2 × +\| 2\.10 × \(1\.00–3\.00\) \| \*\*missed\*\* \|/);
  assert.match(report, /### Speed\n\nHow it was measured\.\n\n\| a +\|\n\| -+ \|\n\| b\\\|c +\|/);
});

test("figures have three digits that count", () => {
  assert.deepEqual([1_234_567, 123.4, 12.34, 1.234, 0.1234, Number.NaN].map(figure), [
    "1,234,567",
    "123",
    "12.3",
    "1.23",
    "0.123",
    "none",
  ]);
  assert.equal(spread({ median: 2, least: 1, most: 3, rounds: 5 }, "MB"), "2.00 MB (1.00–3.00)");
  assert.equal(
    renderTable({ head: ["x", "y"], rows: [["1", "2,000"]] }),
    "| x   | y     |\n| --- | ----- |\n| 1   | 2,000 |",
  );
});

test("a plot holds its lines and labels, safely, and no number that is none", () => {
  const svg = renderPlot({
    name: "growth",
    title: "Cost <of> growth & more",
    xLabel: "rows",
    yLabel: "µs",
    isLogX: true,
    series: [
      {
        name: "import",
        points: [
          { x: 1_000, y: 10, low: 9, high: 12 },
          { x: 100_000, y: 11 },
        ],
      },
    ],
  });
  assert.match(svg, /<title>Cost &lt;of&gt; growth &amp; more<\/title>/);
  assert.match(svg, /<polyline [^>]*points="70\.0,[\d.]+ 530\.0,[\d.]+"/);
  assert.doesNotMatch(svg, /NaN|Infinity/);
  assert.throws(
    () => renderPlot({ name: "none", title: "", xLabel: "", yLabel: "", isLogX: false, series: [] }),
    RangeError,
  );
});

test("a variant is a name and settings, one of which may be another checkout", () => {
  assert.deepEqual(parseVariant("before: checkout=old, PUBLISHER=library"), {
    name: "draftmill, before",
    checkout: "old",
    environment: { PUBLISHER: "library" },
  });
  for (const text of ["", "name", "name:", ":A=1", "name:A"])
    assert.throws(() => parseVariant(text), /a variant is/, text);
});

test("a service is built and run as the image has it", () => {
  for (const service of ["api", "worker"] as const) {
    const recipe = readRecipe(readText("infra/image/Dockerfile"), service);
    assert.ok(recipe.builds.some((words) => words.includes("infra/image/build.mjs")));
    assert.ok(recipe.command.includes("--permission"));
    assert.deepEqual(recipe.files, [{ from: `images/${service}/*`, to: "./" }]);
    assert.equal(recipe.environment.NODE_ENV, "production");
  }
  const made = [
    "FROM a AS build",
    'RUN ["npm", "ci"]',
    'RUN ["node", "build.mjs", "--out", "/out"]',
    "FROM b AS service",
    'ENV A=1 B="two"',
    "FROM service AS worker",
    "COPY --from=build /out/other.txt ./",
    'CMD ["other.mjs"]',
    "FROM service AS api",
    "COPY --from=build --chmod=0444 /out/api.mjs service.mjs",
    "COPY --from=build /out/a.txt /out/b.txt ./",
    'CMD ["--flag", "service.mjs"]',
  ].join("\n");
  assert.deepEqual(readRecipe(made, "api"), {
    builds: [["node", "build.mjs", "--out", "/out"]],
    files: [
      { from: "api.mjs", to: "service.mjs" },
      { from: "a.txt", to: "./" },
      { from: "b.txt", to: "./" },
    ],
    command: ["--flag", "service.mjs"],
    environment: { A: "1", B: "two" },
  });
  assert.throws(() => readRecipe("FROM a AS api\nCMD node service.mjs\n", "api"), /not understood/);
});
