import { existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, type Core, startChild } from "./child.ts";
import { shippedCommand } from "./shipped.ts";

export type ServiceName = "api" | "worker";

/** A service as it is shipped: its bundle, under the image's command line, in a process of its own. */
export interface Service extends Child {
  readonly url: string;
  readonly ledgerPath: string;
  /** What it has logged since it was last asked, in bytes. The log is emptied with it. */
  takeLogBytes(): number;
}

export interface ServiceOptions {
  readonly name: ServiceName;
  /** Where the bundles are. */
  readonly dist: string;
  /** Its own, for ledger and log. */
  readonly folder: string;
  readonly core: Core;
  readonly environment: Readonly<Record<string, string>>;
  /** Where compiled code is kept from one start to the next; null for as the image has it. */
  readonly compileCache?: string | null;
  /** Further folders that it may write to. */
  readonly writable?: readonly string[];
}

const START_WITHIN_MS = 60_000;
const LEDGER_FILE = "ledger.db";
const LOOK_EVERY_MS = 10;

/** Node's arguments and environment for a service in a folder that it may write to, as the image does not have to. */
export function serviceCommand({
  name,
  dist,
  folder,
  environment,
  compileCache = null,
  writable = [],
}: ServiceOptions): {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
} {
  const shipped = shippedCommand();
  const mayWrite = [folder, ...writable].map((path) => `--allow-fs-write=${path}`);
  const flags = shipped.flags.includes("--permission") ? [...shipped.flags, ...mayWrite] : shipped.flags;
  const cache = compileCache === null ? {} : { NODE_COMPILE_CACHE: compileCache };
  return {
    args: [...flags, join(dist, `${name}.mjs`)],
    environment: {
      ...shipped.environment,
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
  const child = startChild({ name, ...serviceCommand(options), core, folder, logPath });
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
