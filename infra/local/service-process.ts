import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { MALLOC_SETTINGS, NODE_FLAGS } from "./node-flags.ts";

export type ServiceName = "api" | "worker";

/** One line of a service's log. */
export type LogEvent = Readonly<Record<string, unknown>> & { readonly message: string };

/** A service as a process of its own, as in production: it can be killed, and it comes back. */
export interface ServiceProcess {
  readonly pid: number;
  readonly url: string;
  /** Resolves with the exit code, or null after a signal. */
  readonly exited: Promise<number | null>;
  /** Asks it to stop as Cloud Run does; resolves once it is gone. */
  stop(): Promise<void>;
}

export interface ServiceProcessOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly onEvent: (event: LogEvent) => void;
  /** How long it may take to listen. */
  readonly startWithinMs?: number;
  /** The module to run in place of `run-service.ts`; it is given the service's name as well. */
  readonly entry?: string;
}

const RUN_SERVICE = fileURLToPath(new URL("./run-service.ts", import.meta.url));

/** Starts a service and resolves once it listens. Rejects with what it said when it does not. */
export async function startServiceProcess(name: ServiceName, options: ServiceProcessOptions): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [...NODE_FLAGS[name], options.entry ?? RUN_SERVICE, name], {
    env: { ...MALLOC_SETTINGS, ...options.environment },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // A process group of its own: Ctrl-C in the terminal reaches the stack alone, which then stops its services in order.
    detached: true,
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  const said: string[] = [];
  const url = await listening(name, child, said, options);
  if (child.pid === undefined) throw new Error(`the ${name} has no process`);
  return {
    pid: child.pid,
    url,
    exited,
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

function listening(
  name: ServiceName,
  child: ChildProcess,
  said: string[],
  { onEvent, startWithinMs = 20_000 }: ServiceProcessOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`the ${name} ${why}:\n${said.slice(-20).join("\n")}`));
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(`did not listen within ${startWithinMs} ms`);
    }, startWithinMs);
    child.once("error", (error) => fail(`cannot be run (${error.message})`));
    child.once("exit", (code) => {
      clearTimeout(timer);
      fail(`ended with code ${code} before it listened`);
    });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      onLine(stream, (line) => {
        const event = parseEvent(line);
        said.push(line);
        if (said.length > 40) said.shift();
        onEvent(event);
        if (event.message === `${name}.started` && typeof event.url === "string") {
          clearTimeout(timer);
          resolve(event.url);
        }
      });
    }
  });
}

/** Not node:readline: it ends a line at U+2028 and U+2029 as well, which an event may quote. */
function onLine(stream: Readable, take: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  });
  stream.on("end", () => {
    if (rest !== "") take(rest);
  });
}

function parseEvent(line: string): LogEvent {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null && "message" in value && typeof value.message === "string") {
      return { ...value, message: value.message };
    }
  } catch {
    // Not one of the service's events: Node's own warnings and crashes are plain text.
  }
  return { message: line };
}
