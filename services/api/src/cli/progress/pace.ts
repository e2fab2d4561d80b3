/** How fast something goes, by what it did of late. */
export interface Pace {
  /** Notes how much is done by now. */
  note(nowMs: number, done: number): void;
  /** Of the last half minute; null before anything can be said. */
  perSecond(): number | null;
}

const WINDOW_MS = 30_000;
/** Less says more of the looking than of the work. */
const SPAN_MS_MIN = 900;

export function createPace(): Pace {
  let samples: { readonly atMs: number; readonly done: number }[] = [];
  return {
    note(atMs, done) {
      samples = [...samples.filter((sample) => atMs - sample.atMs <= WINDOW_MS), { atMs, done }];
    },
    perSecond() {
      const [first] = samples;
      const last = samples.at(-1);
      if (first === undefined || last === undefined || last.atMs - first.atMs < SPAN_MS_MIN) return null;
      return Math.max(0, last.done - first.done) / ((last.atMs - first.atMs) / 1_000);
    },
  };
}

/** Seconds until the rest is done at this speed; null when that cannot be said. */
export function secondsAtPace(left: number, perSecond: number | null): number | null {
  if (left <= 0) return 0;
  return perSecond === null || perSecond <= 0 ? null : Math.ceil(left / perSecond);
}

/** `2 h 05 min`, `4 min 10 s`, `8 s`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (number: number): string => String(number).padStart(2, "0");
  if (whole >= 3_600) return `${Math.floor(whole / 3_600)} h ${two(Math.floor((whole % 3_600) / 60))} min`;
  if (whole >= 60) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${whole} s`;
}

/** `12.3/s`, with as many figures as say something. */
export function rate(perSecond: number): string {
  return `${perSecond >= 10 ? Math.round(perSecond).toLocaleString("en") : perSecond.toFixed(1)}/s`;
}
