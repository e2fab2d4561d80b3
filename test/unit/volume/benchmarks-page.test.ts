import assert from "node:assert/strict";
import { test } from "node:test";
import { BEGIN, END, withSections } from "../../volume/benchmarks-page.ts";
import { linePlot } from "../../volume/line-plot.ts";

const SECTION = {
  heading: "Rows",
  text: "So many.",
  table: { head: ["step", "s"], rows: [["import", "1.5"]] },
  plots: [{ file: "volume/x.svg", alt: "Drafts" }],
};

test("the figures go between the markers; what stands around them stays, and so does a run that was not made anew", () => {
  const page = `# Figures\n\nMine.\n\n${BEGIN}\nNot taken yet.\n${END}\n\nAlso mine.\n`;
  const first = withSections(page, { quota: SECTION });
  assert.match(
    first,
    /^# Figures\n\nMine\.\n\n<!-- volume:begin -->\n\n<!-- volume:quota -->\n\n### Rows\n\nSo many\.\n\n\| step {3}\| s {3}\|\n/,
  );
  assert.match(first, /\| import \| 1\.5 \|\n\n!\[Drafts\]\(volume\/x\.svg\)\n\n<!-- volume:end -->\n\nAlso mine\.\n$/);
  const both = withSections(first, { lifted: { ...SECTION, heading: "Lifted" } });
  assert.deepEqual(both.match(/^### .*$/gm), ["### Lifted", "### Rows"]);
  const again = withSections(both, { lifted: { ...SECTION, heading: "Anew" } });
  assert.deepEqual(again.match(/^### .*$/gm), ["### Anew", "### Rows"]);
  assert.equal(withSections(again, {}), again);
  assert.throws(() => withSections("# Figures\n", {}), /has no <!-- volume:begin -->/);
});

test("a plot scales its lines into the picture and shows names as text", () => {
  const svg = linePlot(
    [
      {
        name: "a<b",
        points: [
          [0, 0],
          [90, 900],
        ],
      },
    ],
    { title: "T & U", x: "s", y: "n" },
  );
  assert.match(svg, /<polyline points="70,256 556,56\.2"/);
  assert.match(svg, /T &amp; U[\s\S]*>1,000<[\s\S]*a&lt;b/);
});
