import type { Output, Terminal } from "./terminal.ts";

export type Paint = (text: string) => string;

/** Colours as far as an output shows them: on a terminal, and not where NO_COLOR (https://no-color.org) asks for none. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
}

export function styleOf({ isTty }: Output, { env }: Pick<Terminal, "env">): Style {
  const isPlain = !isTty || Boolean(env.NO_COLOR) || env.TERM === "dumb";
  const paint = (on: number, off: number): Paint =>
    isPlain ? (text) => text : (text) => `\u001b[${on}m${text}\u001b[${off}m`;
  return { bold: paint(1, 22), dim: paint(2, 22), red: paint(31, 39), green: paint(32, 39), yellow: paint(33, 39) };
}
