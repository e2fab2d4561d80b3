const FILLED = "█";
const EMPTY = "░";

/** A bar of so many characters. Full only when all of it is done. */
export function bar(done: number, total: number, width: number): string {
  const part = total <= 0 ? 1 : Math.min(1, Math.max(0, done / total));
  const filled = part < 1 ? Math.min(width - 1, Math.floor(part * width)) : width;
  return FILLED.repeat(Math.max(0, filled)) + EMPTY.repeat(Math.max(0, width - filled));
}

/** Rounded down: 100 % is said of nothing that is still going on. */
export function percent(done: number, total: number): string {
  return `${total <= 0 ? 100 : Math.floor((Math.min(done, total) / total) * 100)} %`;
}
