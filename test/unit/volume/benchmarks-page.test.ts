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

test("the figures go between the markers, and what stands around them stays", () => {
  const first = withSections("", [SECTION]);
  assert.match(
    first,
    /^# Benchmarks\n\n## Volume\n\n<!-- volume:begin -->\n\n### Rows\n\nSo many\.\n\n\| step {3}\| s {3}\|\n\| ------ \| --- \|\n\| import \| 1\.5 \|\n\n!\[Drafts\]\(volume\/x\.svg\)\n\n<!-- volume:end -->\n$/,
  );
  const other = `# Figures\n\nMine.\n\n${BEGIN}\nold\n${END}\n\nAlso mine.\n`;
  const again = withSections(other, [SECTION]);
  assert.ok(again.startsWith(`# Figures\n\nMine.\n\n${BEGIN}\n\n### Rows`) && again.endsWith(`${END}\n\nAlso mine.\n`));
  assert.equal(withSections(again, [SECTION]), again);
});

test("a plot scales its lines into the picture and shows names as text", () => {
  const svg = linePlot(
    [
      {
        name: "a<b",
        points: [
          [0, 0],
          [80, 900],
        ],
      },
    ],
    { title: "T & U", x: "s", y: "n" },
  );
  assert.match(svg, /<polyline points="70,256 502,56\.2"/);
  assert.match(svg, /T &amp; U[\s\S]*>1,000<[\s\S]*a&lt;b/);
});
