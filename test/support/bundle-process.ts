import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A bundle that runs as a process of its own. */
export interface Bundle {
  readonly url: string;
  /** Stops it as Cloud Run does; resolves with the exit code, also when it has stopped already. */
  stop(): Promise<number | null>;
}

const START_WITHIN_MS = 20_000;

/** Runs `<service>.mjs` of the folder with nothing but this environment; resolves once it listens. */
export async function startBundle(
  folder: string,
  service: string,
  environment: Readonly<Record<string, string>>,
): Promise<Bundle> {
  const child = spawn(process.execPath, [`${service}.mjs`], {
    cwd: folder,
    env: { ...environment },
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
