import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(import.meta.resolve("@draftmill/api/main.ts"));

/** The api as the process that `npm run start:api` runs, with exactly this environment. */
export class ApiProcess {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  readonly exited: Promise<number | null>;
  readonly #news = new Set<() => void>();

  constructor(env: Readonly<Record<string, string>>) {
    this.child = spawn(process.execPath, [MAIN], { env: { ...env }, stdio: ["ignore", "pipe", "pipe"] });
    this.exited = once(this.child, "close").then(([code]) => (typeof code === "number" ? code : null));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        this.lines.push(line);
        for (const wake of this.#news) wake();
      });
    }
  }

  /** The first event of this name, as soon as it is logged. Rejects if the process ends without it. */
  async logged(name: string): Promise<Record<string, unknown>> {
    const gone = this.exited.then(() => {
      throw new Error(`the api ended without ${name}:\n${this.lines.join("\n")}`);
    });
    gone.catch(() => {});
    for (;;) {
      const line = this.lines.find((text) => text.includes(`"message":"${name}"`));
      if (line !== undefined) return JSON.parse(line);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#news.add(resolve);
      await Promise.race([promise, gone]);
      this.#news.delete(resolve);
    }
  }
}
