import { existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, type Core, startChild } from "./child.ts";
import { HEAP_PROBE } from "./heap-probe.ts";
import { type Image, installService } from "./image.ts";

export type ServiceName = "api" | "worker";

/** A service as it is shipped: its files, under the image's command line, in a process of its own. */
export interface Service extends Child {
  readonly url: string;
  readonly ledgerPath: string;
  /** What it has logged since it was last asked, in bytes. The log is emptied with it. */
  takeLogBytes(): number;
}

export interface ServiceOptions {
  readonly name: ServiceName;
  readonly image: Image;
  /** Its own, for its files, ledger and log. */
  readonly folder: string;
  readonly core: Core;
  readonly environment: Readonly<Record<string, string>>;
  /** Where compiled code is kept from one start to the next; null for as the image has it. */
  readonly compileCache?: string | null;
  /** Whether it can be asked what its heap holds. */
  readonly isProbed?: boolean;
}

const START_WITHIN_MS = 60_000;
const LEDGER_FILE = "ledger.db";
const LOOK_EVERY_MS = 10;

/** How a service is run. */
export interface ServiceCommand {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
}

/**
 * Lays a service out as in its image, in a folder that it may write to, which the image has not: there the ledger is in Firestore.
 */
export function installCommand(options: Omit<ServiceOptions, "core">): ServiceCommand {
  const { name, image, folder, environment, compileCache = null, isProbed = false } = options;
  const { command, environment: shipped } = image.recipes[name];
  const appFolder = join(folder, "app");
  installService(image, name, appFolder);
  const writable = [folder, ...(compileCache === null ? [] : [compileCache])];
  const mayWrite = command.includes("--permission") ? writable.map((path) => `--allow-fs-write=${path}`) : [];
  const cache = compileCache === null ? {} : { NODE_COMPILE_CACHE: compileCache };
  return {
    args: [...mayWrite, ...(isProbed ? ["--require", HEAP_PROBE] : []), ...command],
    folder: appFolder,
    environment: {
      ...shipped,
      HOST: "127.0.0.1",
      PORT: "0",
      LEDGER_URL: `sqlite:${join(folder, LEDGER_FILE)}`,
      ...cache,
      ...environment,
    },
  };
}

/** Resolves once it listens; rejects with what it said when it does not. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { name, folder, core } = options;
  mkdirSync(folder, { recursive: true });
  const logPath = join(folder, `${name}.log`);
  writeFileSync(logPath, "");
  const child = startChild({ name, ...installCommand(options), core, logPath, isOrdered: options.isProbed ?? false });
  const url = await listening(child, logPath);
  return {
    ...child,
    url,
    ledgerPath: join(folder, LEDGER_FILE),
    takeLogBytes() {
      const { size } = statSync(logPath);
      // It appends, so that it goes on at the new end.
      truncateSync(logPath);
      return size;
    },
  };
}

async function listening(child: Child, logPath: string): Promise<string> {
  const until = performance.now() + START_WITHIN_MS;
  for (;;) {
    const log = existsSync(logPath) ? readFileSync(logPath, "utf8") : "";
    const url = /"url":"(http:[^"]+)"/.exec(log)?.[1];
    if (url !== undefined) return url;
    if (child.hasEnded() || performance.now() > until) {
      await child.stop();
      throw new Error(`the ${child.name} did not come to listen:\n${log.slice(-4_000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** One figure of a service's GET /metrics, summed over its labels unless they are named. */
export async function metricOf(service: Service, name: string, labels = ""): Promise<number> {
  const answer = await fetch(`${service.url}/metrics`, { signal: AbortSignal.timeout(30_000) });
  const text = await answer.text();
  let sum = Number.NaN;
  for (const line of text.split("\n")) {
    const [, found = "", tags = "", value = ""] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (found !== name || !tags.includes(labels)) continue;
    sum = (Number.isNaN(sum) ? 0 : sum) + Number(value);
  }
  return sum;
}
