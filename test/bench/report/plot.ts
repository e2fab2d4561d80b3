/** A line drawing: one y over x. */
export interface Plot {
  /** The file's name, without its ending. */
  readonly name: string;
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Tens apart rather than units. */
  readonly isLogX: boolean;
  readonly series: readonly Series[];
}

export interface Series {
  readonly name: string;
  readonly points: readonly PlotPoint[];
}

export interface PlotPoint {
  readonly x: number;
  readonly y: number;
  /** The spread over the rounds. */
  readonly low?: number;
  readonly high?: number;
}

const WIDTH = 720;
const HEIGHT = 360;
const LEFT = 70;
const RIGHT = 190;
const TOP = 44;
const BOTTOM = 56;
/** Told apart by those who see no red or green (Okabe and Ito). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"];
const MARKS_Y = 5;

/** The plot as an SVG document. Everything in it is a number or text of the bench's own. */
export function renderPlot(plot: Plot): string {
  const points = plot.series.flatMap(({ points }) => points);
  if (points.length === 0) throw new RangeError(`the plot ${plot.name} has no points`);
  const scaleX = (x: number): number => (plot.isLogX ? Math.log10(x) : x);
  const xs = points.map(({ x }) => scaleX(x));
  const [fromX, toX] = [Math.min(...xs), Math.max(...xs)];
  // From nought, so that a flat line looks flat.
  const topY = Math.max(...points.map(({ y, high }) => high ?? y)) * 1.15 || 1;
  const atX = (x: number): number =>
    LEFT + (toX === fromX ? 0.5 : (scaleX(x) - fromX) / (toX - fromX)) * (WIDTH - LEFT - RIGHT);
  const atY = (y: number): number => HEIGHT - BOTTOM - (y / topY) * (HEIGHT - TOP - BOTTOM);
  const text = (x: number, y: number, words: string, more = ""): string =>
    `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${more}>${inXml(words)}</text>`;

  const marksX = plot.isLogX ? [...new Set(points.map(({ x }) => x))] : spaced(fromX, toX, 6);
  const grid = [
    ...spaced(0, topY, MARKS_Y).flatMap((y) => [
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${atY(y).toFixed(1)}" y2="${atY(y).toFixed(1)}" stroke="#ddd"/>`,
      text(LEFT - 8, atY(y) + 4, short(y), ' text-anchor="end"'),
    ]),
    ...marksX.map((x) => text(atX(x), HEIGHT - BOTTOM + 18, short(x), ' text-anchor="middle"')),
  ];
  const lines = plot.series.flatMap(({ name, points }, index) => {
    const colour = COLOURS[index % COLOURS.length];
    const path = points.map(({ x, y }) => `${atX(x).toFixed(1)},${atY(y).toFixed(1)}`).join(" ");
    const bars = points.flatMap(({ x, low, high }) =>
      low === undefined || high === undefined
        ? []
        : [
            `<line x1="${atX(x).toFixed(1)}" x2="${atX(x).toFixed(1)}" y1="${atY(low).toFixed(1)}" y2="${atY(high).toFixed(1)}" stroke="${colour}"/>`,
          ],
    );
    return [
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${path}"/>`,
      ...bars,
      ...(points.length > 40
        ? []
        : points.map(
            ({ x, y }) => `<circle cx="${atX(x).toFixed(1)}" cy="${atY(y).toFixed(1)}" r="3" fill="${colour}"/>`,
          )),
      text(WIDTH - RIGHT + 12, TOP + 14 + index * 20, name, ` fill="${colour}"`),
    ];
  });
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img">`,
    `<title>${inXml(plot.title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(LEFT, 22, plot.title, ' font-size="15"'),
    ...grid,
    ...lines,
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, plot.xLabel, ' text-anchor="middle"'),
    `<text transform="translate(16 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${inXml(plot.yLabel)}</text>`,
    "</svg>",
  ].join("\n")}\n`;
}

function spaced(from: number, to: number, count: number): number[] {
  return Array.from({ length: count + 1 }, (_, index) => from + ((to - from) * index) / count);
}

function short(value: number): string {
  if (value >= 1_000) return `${Number((value / 1_000).toPrecision(3))}k`;
  return String(Number(value.toPrecision(2)));
}

function inXml(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
