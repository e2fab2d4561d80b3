import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { ROOT } from "./readme.ts";

export interface CliEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line as a process of its own. */
export interface CliProcess {
  readonly pid: number;
  readonly ended: Promise<CliEnd>;
  /** Resolves once stderr has said it. */
  said(pattern: RegExp): Promise<void>;
  interrupt(): void;
  /** Reads no more of its output, as `| head` does. */
  closeStdout(): void;
}

export interface CliOptions {
  readonly url: string;
  readonly cwd: string;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** One that takes longer is killed; a minute unless given. */
  readonly withinMs?: number;
}

const END_WITHIN_MS = 60_000;

/** Runs `draftmill` with these arguments and nothing of this process's environment but its PATH. */
export function startCli(
  args: readonly string[],
  { url, cwd, stdin = "", env = {}, withinMs = END_WITHIN_MS }: CliOptions,
): CliProcess {
  const child = spawn(process.execPath, [join(ROOT, "services/api/src/cli/main.ts"), ...args], {
    cwd,
    env: {
      PATH: process.env.PATH,
      HOME: cwd,
      TMPDIR: cwd,
      NODE_COMPILE_CACHE: join(cwd, "compiled"),
      DRAFTMILL_URL: url,
      ...env,
    },
    stdio: ["pipe", "pipe", "pipe"],
    timeout: withinMs,
    killSignal: "SIGKILL",
  });
  let stderr = "";
  const listeners = new Set<() => void>();
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    stderr += piece;
    for (const listener of listeners) listener();
  });
  // A command that asks for nothing may be gone before it is told anything.
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  const code = new Promise<number | null>((resolve) => child.once("close", resolve));
  const stdout = text(child.stdout).catch(() => "");
  return {
    pid: child.pid ?? 0,
    ended: Promise.all([code, stdout]).then(([ended, out]) => ({ code: ended, stdout: out, stderr })),
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(stderr)) resolve();
        };
        listeners.add(look);
        void code.then(() => reject(new Error(`it ended without saying ${pattern}:\n${stderr}`)));
        look();
      }),
    interrupt: () => void child.kill("SIGINT"),
    closeStdout: () => void child.stdout.destroy(),
  };
}

export function runCli(args: readonly string[], options: CliOptions): Promise<CliEnd> {
  return startCli(args, options).ended;
}
