import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A bundle that runs as a process of its own. */
export interface Bundle {
  readonly url: string;
  /** Stops it as Cloud Run does; resolves with the exit code, also when it has stopped already. */
  stop(): Promise<number | null>;
}

const START_WITHIN_MS = 20_000;

/** How a bundle is run when it is not by this Node as this user. */
export interface BundleRun {
  readonly node: string;
  /** What stands between node and the end of its command line, the module included. */
  readonly args: readonly string[];
  /** Its user and group; null for the one that runs the test. */
  readonly userId: number | null;
}

/** Runs `<service>.cjs` of the folder with nothing but this environment; resolves once it listens. */
export async function startBundle(
  folder: string,
  service: string,
  environment: Readonly<Record<string, string>>,
  run: BundleRun = { node: process.execPath, args: ["start.cjs", `${service}.cjs`], userId: null },
): Promise<Bundle> {
  const child = spawn(run.node, run.args, {
    cwd: folder,
    env: { ...environment },
    ...(run.userId === null ? {} : { uid: run.userId, gid: run.userId }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const said: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(new Error(`the ${service}'s bundle ${why}:\n${said.join("\n")}`));
    };
    const timer = setTimeout(() => fail(`did not listen within ${START_WITHIN_MS} ms`), START_WITHIN_MS);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        said.push(line);
        const listening = /"url":"(http:[^"]+)"/.exec(line)?.[1];
        if (listening === undefined) return;
        clearTimeout(timer);
        resolve(listening);
      });
    }
    void exited.then((code) => fail(`ended with code ${code}`));
  });
  return {
    url,
    stop() {
      child.kill("SIGTERM");
      return exited;
    },
  };
}
