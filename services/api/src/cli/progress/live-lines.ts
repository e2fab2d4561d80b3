import { cut } from "../table.ts";
import type { Output, Terminal } from "../terminal.ts";

/** Progress that changes: drawn over itself on a terminal; elsewhere a plain line now and then. */
export interface LiveLines {
  /** `lines` for a terminal, each cut to its width; `plain` for everything else. Both have nothing in them that a terminal obeys. */
  show(lines: readonly string[], plain: string): Promise<void>;
  /** Leaves the last state standing, or takes it away. */
  end(keep: boolean): Promise<void>;
}

/** A log that is read later need not say it more often. */
const PLAIN_EVERY_MS = 10_000;
const CLEAR_BELOW = "\u001b[J";

export function liveLines(output: Output, { clock, env }: Pick<Terminal, "clock" | "env">): LiveLines {
  return output.isTty && env.TERM !== "dumb" ? drawn(output) : plain(output, clock);
}

function drawn(output: Output): LiveLines {
  let height = 0;
  const back = (): string => `\r${height === 0 ? "" : `\u001b[${height}A`}`;
  return {
    async show(lines) {
      // The last column stays free: some terminals begin a new line there.
      const width = Math.max(1, output.columns() - 1);
      await output.write(`${back()}${lines.map((line) => `\u001b[2K${cut(line, width)}\n`).join("")}${CLEAR_BELOW}`);
      height = lines.length;
    },
    async end(keep) {
      if (!keep) await output.write(`${back()}${CLEAR_BELOW}`);
      height = 0;
    },
  };
}

function plain(output: Output, clock: Terminal["clock"]): LiveLines {
  let saidMs: number | null = null;
  let last = "";
  let said = "";
  return {
    async show(_lines, line) {
      last = line;
      const nowMs = clock.monotonicMs();
      if (line === said || (saidMs !== null && nowMs - saidMs < PLAIN_EVERY_MS)) return;
      saidMs = nowMs;
      said = line;
      await output.write(`${line}\n`);
    },
    async end(keep) {
      if (!keep || last === said) return;
      said = last;
      await output.write(`${last}\n`);
    },
  };
}
