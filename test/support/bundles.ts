import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "./readme.ts";

const run = promisify(execFile);
const BUILD_TIMEOUT_MS = 60_000;

/** Builds the bundles into a folder outside the repository, where no node_modules is to be found, for one test's life. */
export async function buildBundles(
  t: { after(done: () => Promise<void>): void },
  ...more: readonly string[]
): Promise<{ folder: string; printed: string }> {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-dist-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const build = [join(ROOT, "infra/image/build.mjs"), "--out", folder, ...more];
  const { stdout } = await run(process.execPath, build, { timeout: BUILD_TIMEOUT_MS });
  return { folder, printed: stdout };
}

/** Has the bundles of a folder work for a moment, and puts beside each what V8 has compiled of it. */
export async function compileBundles(folder: string): Promise<void> {
  const compile = [join(ROOT, "infra/image/code-cache.mjs"), "--out", folder];
  await run(process.execPath, compile, { timeout: BUILD_TIMEOUT_MS });
}
