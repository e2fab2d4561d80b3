import { execFile, spawn } from "node:child_process";
import { ROOT } from "./readme.ts";

const RUN_TIMEOUT_MS = 60_000;
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 20_000;

export interface ShellResult {
  readonly code: number;
  /** Standard output, then standard error. */
  readonly output: string;
}

/** Runs a command line as a reader's shell would, in the repository's root; resolves whatever its exit code. */
export function runShell(command: string, environment: NodeJS.ProcessEnv): Promise<ShellResult> {
  return new Promise((resolve) => {
    const options = { cwd: ROOT, env: environment, timeout: RUN_TIMEOUT_MS };
    const child = execFile("sh", ["-c", command], options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, output: `${stdout}${stderr}` });
    });
  });
}

/** A command that runs until it is stopped. */
export interface ShellServer {
  /** Everything it printed until it was ready. */
  readonly output: string;
  /** As Ctrl-C in a terminal: SIGINT to the whole process group. Resolves with all output once every process is gone. */
  interrupt(): Promise<string>;
}

/** Starts a command line in a process group of its own; resolves once its output matches. */
export async function startShell(command: string, environment: NodeJS.ProcessEnv, ready: RegExp): Promise<ShellServer> {
  const child = spawn("sh", ["-c", command], {
    cwd: ROOT,
    env: environment,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot run: ${command}`);
  // Not "exit": npm goes first, and the pipes close with the last process that holds them.
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let isClosed = false;
  void closed.then(() => {
    isClosed = true;
  });
  const signalGroup = (signal: NodeJS.Signals): void => {
    if (!isClosed) process.kill(-pid, signal);
  };
  let output = "";
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      signalGroup("SIGKILL");
      reject(new Error(`${command}\n${why}:\n${output}`));
    };
    const timer = setTimeout(() => fail("was not ready in time"), READY_WITHIN_MS);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (!ready.test(output)) return;
        clearTimeout(timer);
        resolve();
      });
    }
    void closed.then(() => fail(`ended with code ${child.exitCode}`));
  });
  return {
    output,
    async interrupt() {
      signalGroup("SIGINT");
      const timer = setTimeout(() => signalGroup("SIGKILL"), STOP_WITHIN_MS);
      await closed;
      clearTimeout(timer);
      return output;
    },
  };
}
