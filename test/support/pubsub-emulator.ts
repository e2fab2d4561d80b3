import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { quietPort } from "./quiet-port.ts";

const START_TIMEOUT_MS = 30_000;

export interface PubsubEmulator {
  readonly hostPort: string;
  stop(): Promise<void>;
}

/** Where Google's emulator is, or in one line why there is none. Missing beside gcloud is an error in CI. */
export async function findPubsubEmulator(): Promise<{ readonly script: string } | { readonly missing: string }> {
  const sdk = await run("gcloud", ["info", "--format=value(installation.sdk_root)"]);
  if (sdk === undefined) return { missing: "gcloud is not on this machine" };
  const root = join(sdk, "platform", "pubsub-emulator");
  const script = join(root, "bin", "cloud-pubsub-emulator");
  const hasJar = existsSync(join(root, "lib")) && readdirSync(join(root, "lib")).some((name) => name.endsWith(".jar"));
  if (!existsSync(script) || !hasJar) return missing("gcloud has no pubsub-emulator component");
  if ((await run("java", ["-version"])) === undefined) return missing("Java is not on this machine");
  return { script };
}

/** Runs on a free loopback port, in a process group of its own. */
export async function startPubsubEmulator(script: string): Promise<PubsubEmulator> {
  const port = await quietPort();
  const child = spawn(script, [`--host=127.0.0.1`, `--port=${port}`], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const hostPort = `127.0.0.1:${port}`;
  try {
    await started(child);
    const answer = await fetch(`http://${hostPort}/`, { signal: AbortSignal.timeout(START_TIMEOUT_MS) });
    if ((await answer.text()).trim() !== "Ok") throw new Error("the emulator does not answer Ok");
  } catch (error) {
    await stop(child);
    throw error;
  }
  return { hostPort, stop: () => stop(child) };
}

function missing(reason: string): { readonly missing: string } {
  if (process.env.CI === "true") throw new Error(reason);
  return { missing: reason };
}

/** Reads on after that, too: a full pipe would stop the emulator. */
function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const timeout = setTimeout(() => reject(new Error("the emulator did not start")), START_TIMEOUT_MS);
    const settle = (outcome: () => void) => {
      clearTimeout(timeout);
      outcome();
    };
    child.once("exit", () => settle(() => reject(new Error("the emulator ended while starting"))));
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface(stream).on("line", (line) => {
        if (line.includes("Server started")) settle(resolve);
      });
    }
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  process.kill(-child.pid, "SIGKILL");
  await gone;
}

/** What a command prints, or undefined if it cannot be run or fails. */
async function run(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return (await promisify(execFile)(command, [...args], { timeout: START_TIMEOUT_MS })).stdout.trim();
  } catch {
    return undefined;
  }
}
