/** A figure over all rounds. */
export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly rounds: number;
}

/** The middle value, or the mean of the two middle ones; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function summarise(values: readonly number[]): Summary {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values), rounds: values.length };
}

/** Of two configurations that ran in the same rounds: the ratio round by round, which what disturbs both does not move. */
export function pairedRatio(of: readonly number[], to: readonly number[]): Summary {
  if (of.length !== to.length) throw new RangeError(`${of.length} rounds cannot be paired with ${to.length}`);
  return summarise(of.map((value, round) => value / (to[round] ?? Number.NaN)));
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** How something grows: y for each x, with the range that holds the true slope in 95 of 100 runs. */
export interface Slope {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** 97.5 % of a normal distribution lie below this many standard deviations. */
const NORMAL_975 = 1.96;

/**
 * The median of the slopes between all pairs of points (Theil 1950, Sen 1968), which a third of wild points does not
 * move, with Sen's range from Kendall's S.
 */
export function slopeOf(points: readonly Point[]): Slope {
  const slopes: number[] = [];
  for (const [index, a] of points.entries()) {
    for (const b of points.slice(index + 1)) if (b.x !== a.x) slopes.push((b.y - a.y) / (b.x - a.x));
  }
  slopes.sort((a, b) => a - b);
  const n = points.length;
  const spread = NORMAL_975 * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const at = (rank: number): number => slopes[Math.max(0, Math.min(slopes.length - 1, Math.round(rank)))] ?? Number.NaN;
  return {
    estimate: median(slopes),
    low: at((slopes.length - spread) / 2 - 1),
    high: at((slopes.length + spread) / 2),
  };
}

export interface Growth extends Slope {
  /** What the slope comes to over the whole time, as a share of the median. */
  readonly share: number;
  /** It certainly grows, and by more than the bound. */
  readonly grows: boolean;
}

/**
 * Whether a series grows by more than `shareMax` of its median from its first to its last point. A slope that may be none
 * is none, and so is one that is too small to matter: growth has to be both certain and large.
 */
export function growthOf(points: readonly Point[], shareMax: number): Growth {
  const slope = slopeOf(points);
  const lengthX = (points.at(-1)?.x ?? 0) - (points[0]?.x ?? 0);
  const share = (slope.estimate * lengthX) / median(points.map(({ y }) => y));
  return { ...slope, share, grows: !(slope.low <= 0) && !(share <= shareMax) };
}

/** The least value of each of so many stretches of time: what is left of a heap between collections. */
export function floorOf(points: readonly Point[], stretches: number): Point[] {
  const size = points.length / stretches;
  return Array.from({ length: stretches }, (_, index) =>
    points.slice(Math.floor(index * size), Math.floor((index + 1) * size)),
  ).flatMap((stretch) => {
    const [first, ...rest] = stretch;
    if (first === undefined) return [];
    return [rest.reduce((least, point) => (point.y < least.y ? point : least), first)];
  });
}
