import { readFile, stat } from "node:fs/promises";
import type { Clock } from "@draftmill/shared/clock.ts";
import { EnvironmentError } from "@draftmill/shared/env.ts";
import type { FieldProblem } from "@draftmill/shared/errors.ts";
import type { Logger } from "@draftmill/shared/log.ts";
import type { CallerPolicy } from "./caller-policy.ts";
import { parseCallers } from "./parse-callers.ts";

/** The policy in force, which follows its file. */
export interface CallersFile {
  policy(): CallerPolicy;
  /** Whether the file, as it is now, is the policy in force. */
  isInForce(): boolean;
  close(): Promise<void>;
}

export interface CallersFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How long a change of the file may go unseen. */
export const LOOK_EVERY_MS = 2_000;
const FILE_BYTES_MAX = 8 * 1024 * 1024;

interface Contents {
  /** Differs from that of any other contents, unless they were written in the same instant with the same length. */
  readonly version: string;
  readonly bytes: Buffer;
}

/**
 * Reads the policy and then looks every two seconds whether its file has changed. A file that cannot be read or has a fault leaves
 * the policy as it was, and each fault is logged, once. Throws `EnvironmentError` with every fault when there is no policy yet.
 */
export async function openCallersFile({ path, clock, log }: CallersFileOptions): Promise<CallersFile> {
  const first = await read(path).catch((error: unknown) => refuse([unreadable(error)]));
  const parsed = parseCallers(first.bytes);
  if (!parsed.ok) return refuse(parsed.problems);
  let policy = parsed.policy;
  let seen: Contents | null = first;
  // What is written twice in one instant has one version: after each change the contents are read once more.
  let readAgain = true;
  let isInForce = true;

  const keepOld = (problems: readonly FieldProblem[]): void => {
    isInForce = false;
    log.error({ problems }, "callers.refused");
  };
  const look = async (): Promise<void> => {
    const version = await versionOf(path);
    const hasChanged = version !== seen?.version;
    if (!hasChanged && !readAgain) return;
    readAgain = hasChanged;
    const now = await read(path);
    const isSame = seen?.bytes.equals(now.bytes) === true;
    seen = now;
    if (isSame) return;
    const parsed = parseCallers(now.bytes);
    if (!parsed.ok) return keepOld(parsed.problems);
    policy = parsed.policy;
    isInForce = true;
    log.info(countsOf(policy), "callers.reloaded");
  };
  const lookAgain = async (): Promise<void> => {
    try {
      await look();
    } catch (error) {
      if (seen !== null) keepOld([unreadable(error)]);
      seen = null;
    }
  };

  const stop = new AbortController();
  const watching = (async () => {
    while (!stop.signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, stop.signal).catch(() => {});
      if (!stop.signal.aborted) await lookAgain();
    }
  })();
  log.info(countsOf(policy), "callers.loaded");
  return {
    policy: () => policy,
    isInForce: () => isInForce,
    async close() {
      stop.abort();
      await watching;
    },
  };
}

async function read(path: string): Promise<Contents> {
  // Before the contents: what changes in between is then seen as a change by the next look.
  const version = await versionOf(path);
  return { version, bytes: await readFile(path) };
}

async function versionOf(path: string): Promise<string> {
  const { ino, size, mtimeNs } = await stat(path, { bigint: true });
  if (size > FILE_BYTES_MAX) throw Object.assign(new Error("too large"), { code: "EFBIG" });
  return `${ino} ${size} ${mtimeNs}`;
}

function unreadable(error: unknown): FieldProblem {
  const { code = "unknown error" }: { code?: unknown } = Object(error);
  return { pointer: "", code: "unreadable", detail: `cannot be read: ${String(code)}` };
}

function refuse(problems: readonly FieldProblem[]): never {
  throw new EnvironmentError(
    problems.map(({ pointer, detail }) => `CALLERS_FILE ${pointer === "" ? "" : `at ${pointer}: `}${detail}`),
  );
}

function countsOf({ addresses, domains }: CallerPolicy): { readonly addresses: number; readonly domains: number } {
  return { addresses: addresses.size, domains: domains.size };
}
