export interface Series {
  readonly name: string;
  /** Seconds, and what was there then. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** A line to compare with, not a measurement. */
  readonly dashed?: boolean;
}

export interface PlotLabels {
  readonly title: string;
  readonly x: string;
  readonly y: string;
}

const WIDTH = 760;
const HEIGHT = 300;
const MARGIN = { left: 70, right: 150, top: 34, bottom: 44 };
const COLORS = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e"];
const TICKS = 5;

/** Lines over time as an SVG image, the same bytes for the same figures. */
export function linePlot(series: readonly Series[], { title, x, y }: PlotLabels): string {
  const points = series.flatMap((one) => one.points);
  const xMax = roundUp(Math.max(1, ...points.map(([at]) => at)));
  const yMax = roundUp(Math.max(1, ...points.map(([, value]) => value)));
  const inner = { width: WIDTH - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
  const px = (value: number): number => round(MARGIN.left + (value / xMax) * inner.width);
  const py = (value: number): number => round(MARGIN.top + inner.height - (value / yMax) * inner.height);
  const ticks = Array.from({ length: TICKS + 1 }, (_, n) => n / TICKS);
  const grid = ticks.flatMap((part) => [
    `<line x1="${px(0)}" x2="${px(xMax)}" y1="${py(part * yMax)}" y2="${py(part * yMax)}" stroke="#ddd"/>`,
    `<text x="${px(0) - 8}" y="${py(part * yMax) + 4}" text-anchor="end">${figure(part * yMax)}</text>`,
    `<text x="${px(part * xMax)}" y="${py(0) + 18}" text-anchor="middle">${figure(part * xMax)}</text>`,
  ]);
  const lines = series.flatMap(({ name, points: own, dashed }, n) => {
    const color = COLORS[n % COLORS.length];
    const path = own.map(([at, value]) => `${px(at)},${py(value)}`).join(" ");
    const dash = dashed === true ? ' stroke-dasharray="5 4"' : "";
    const top = MARGIN.top + 12 + n * 18;
    return [
      `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="1.6"${dash}/>`,
      `<line x1="${px(xMax) + 12}" x2="${px(xMax) + 34}" y1="${top - 4}" y2="${top - 4}" stroke="${color}" stroke-width="2"${dash}/>`,
      `<text x="${px(xMax) + 40}" y="${top}">${escaped(name)}</text>`,
    ];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11" fill="#333">
<title>${escaped(title)}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<text x="${MARGIN.left}" y="20" font-size="13">${escaped(title)}</text>
${[...grid, ...lines].join("\n")}
<text x="${px(xMax / 2)}" y="${HEIGHT - 8}" text-anchor="middle">${escaped(x)}</text>
<text transform="translate(14 ${py(yMax / 2)}) rotate(-90)" text-anchor="middle">${escaped(y)}</text>
</svg>
`;
}

/** The next round number, of which a fifth is one too. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value) ?? 10) * power;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function figure(value: number): string {
  return (Math.round(value * 100) / 100).toLocaleString("en");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
