import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { quietPort } from "./quiet-port.ts";

const START_TIMEOUT_MS = 30_000;
const ASK_EVERY_MS = 50;

export interface FirestoreEmulator {
  readonly hostPort: string;
  stop(): Promise<void>;
}

/** Where Google's emulator is, or in one line why there is none. Missing beside gcloud is an error in CI. */
export async function findFirestoreEmulator(): Promise<{ readonly script: string } | { readonly missing: string }> {
  const sdk = await run("gcloud", ["info", "--format=value(installation.sdk_root)"]);
  if (sdk === undefined) return { missing: "gcloud is not on this machine" };
  const root = join(sdk, "platform", "cloud-firestore-emulator");
  const script = join(root, "cloud_firestore_emulator");
  if (!existsSync(script) || !existsSync(join(root, "cloud-firestore-emulator.jar")))
    return missing("gcloud has no cloud-firestore-emulator component");
  if ((await run("java", ["-version"])) === undefined) return missing("Java is not on this machine");
  return { script };
}

/** Runs on a free loopback port, in a process group of its own, with everything in memory. */
export async function startFirestoreEmulator(script: string): Promise<FirestoreEmulator> {
  const port = await quietPort();
  const child = spawn(script, ["start", "--host=127.0.0.1", `--port=${port}`], { detached: true, stdio: "ignore" });
  const hostPort = `127.0.0.1:${port}`;
  try {
    await answersOk(child, hostPort);
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

/** What it prints while it starts comes before it listens, so it is asked. */
async function answersOk(child: ChildProcess, hostPort: string): Promise<void> {
  const deadline = AbortSignal.timeout(START_TIMEOUT_MS);
  const failed = new Promise<never>((_, reject) => child.once("error", reject));
  const asking = async (): Promise<void> => {
    for (;;) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error("the emulator ended while starting");
      try {
        const answer = await fetch(`http://${hostPort}/`, { signal: deadline });
        if ((await answer.text()).trim() === "Ok") return;
      } catch (error) {
        if (deadline.aborted) throw new Error("the emulator did not start", { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
  };
  await Promise.race([asking(), failed]);
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
