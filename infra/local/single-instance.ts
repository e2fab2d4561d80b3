import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Says that a folder is in use, for as long as this process lives. */
export interface FolderLock {
  /** Tells a second start where the first one is. */
  describe(apiUrl: string): void;
  release(): void;
}

/**
 * Takes the folder for this process. Throws with what runs there when another live process has it; a lock that a
 * killed process left behind is taken over.
 */
export function lockFolder(folder: string, pid: number): FolderLock {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "running");
  const [holder, url] = readHolder(path);
  if (holder !== null && holder !== pid && isAlive(holder)) {
    throw new Error(
      `Draftmill already runs on ${folder} (process ${holder}${url === "" ? "" : `, ${url}`}). Stop it, or use another folder: npm start -- --data DIR`,
    );
  }
  writeFileSync(path, `${pid}\n`);
  return {
    describe: (apiUrl) => writeFileSync(path, `${pid}\n${apiUrl}\n`),
    release: () => rmSync(path, { force: true }),
  };
}

function readHolder(path: string): readonly [pid: number | null, url: string] {
  try {
    const [pid = "", url = ""] = readFileSync(path, "utf8").split("\n");
    return [/^\d+$/.test(pid) ? Number(pid) : null, url];
  } catch {
    return [null, ""];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
