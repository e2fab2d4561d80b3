import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Mark, Order, Report } from "./protocol.ts";

/** Which processor a process is held to; null for any. */
export type Core = number | null;

export interface ChildOptions {
  readonly name: string;
  /** What follows node on its command line. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly core: Core;
  readonly folder?: string;
  /** A file that takes what it says; a pipe unless given. */
  readonly logPath?: string;
  /** Whether it takes orders. */
  readonly isOrdered?: boolean;
}

/** A process of the bench: killed with it, whatever ends it. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly process: ChildProcess;
  /** What it has said to its pipe, for an error's message. */
  readonly said: () => string;
  readonly hasEnded: () => boolean;
  /** SIGTERM, and SIGKILL for one that does not end by itself. */
  stop(): Promise<void>;
}

const STOP_WITHIN_MS = 10_000;
/** The longest order is a load of so many requests. */
const ORDER_WITHIN_MS = 180_000;
const SAID_MAX = 8_000;
const children = new Set<Child>();

/** Kills what is left; for the moment when the bench ends, however it does. */
export function killChildren(): void {
  for (const child of children) child.process.kill("SIGKILL");
}

const has = (command: string): boolean => spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
const canPin = has("taskset");
const canFollow = has("setpriv");

export function startChild({ name, args, environment, core, folder, logPath, isOrdered = false }: ChildOptions): Child {
  const pinned = core === null || !canPin ? [] : ["taskset", "-c", String(core)];
  // A bench that is killed outright cannot clean up: the kernel does it.
  const followed = canFollow ? ["setpriv", "--pdeathsig", "KILL"] : [];
  const [command = process.execPath, ...rest] = [...followed, ...pinned, process.execPath, ...args];
  const log = logPath === undefined ? "pipe" : openSync(logPath, "a");
  const child = spawn(command, rest, {
    ...(folder === undefined ? {} : { cwd: folder }),
    env: { ...environment, PATH: process.env.PATH },
    stdio: ["ignore", log, log, ...(isOrdered ? ["ipc" as const] : [])],
  });
  if (typeof log === "number") closeSync(log);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8");
    stream?.on("data", (text: string) => {
      said = `${said}${text}`.slice(-SAID_MAX);
    });
  }
  let ended = false;
  const exited = new Promise<void>((resolve) => {
    const end = (): void => {
      ended = true;
      children.delete(started);
      resolve();
    };
    child.once("exit", end);
    child.once("error", end);
  });
  const started: Child = {
    name,
    pid: child.pid ?? Number.NaN,
    process: child,
    said: () => said,
    hasEnded: () => ended,
    async stop() {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
      await exited;
      clearTimeout(late);
    },
  };
  children.add(started);
  return started;
}

/** A child that takes orders. */
export interface OrderedChild extends Child {
  start(settings: unknown): Promise<unknown>;
  mark(pids: readonly number[]): Promise<Mark>;
  /** Begins nothing more, and stays. */
  rest(): Promise<void>;
}

/** Starts one of the bench's own modules. */
export function startOrdered(options: ChildOptions): OrderedChild {
  const child = startChild({ ...options, isOrdered: true });
  const ask = <Kind extends Report["kind"]>(order: Order, kind: Kind): Promise<Extract<Report, { kind: Kind }>> =>
    new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        settle();
        reject(new Error(`${options.name} ${why}\n${child.said()}`));
      };
      const timer = setTimeout(() => fail(`did not answer ${order.kind}`), ORDER_WITHIN_MS);
      const onReport = (report: Report): void => {
        if (report.kind === "failed") fail(`failed: ${report.reason}`);
        if (report.kind !== kind) return;
        settle();
        resolve(report as Extract<Report, { kind: Kind }>);
      };
      const onExit = (): void => fail("has ended");
      const settle = (): void => {
        clearTimeout(timer);
        child.process.off("message", onReport);
        child.process.off("exit", onExit);
      };
      child.process.on("message", onReport);
      child.process.once("exit", onExit);
      if (child.hasEnded()) return onExit();
      child.process.send(order);
    });
  return {
    ...child,
    start: async (settings) => (await ask({ kind: "start", settings }, "ready")).value,
    mark: (pids) => ask({ kind: "mark", pids }, "mark"),
    rest: async () => {
      await ask({ kind: "stop" }, "stopped");
    },
  };
}
