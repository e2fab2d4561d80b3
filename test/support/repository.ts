import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { ROOT, readText } from "./readme.ts";

/** A package of ours: its folder, its manifest's names of what it may import. */
export interface Package {
  readonly name: string;
  readonly folder: string;
  readonly dependencies: ReadonlySet<string>;
}

const LISTING_BYTES_MAX = 16 * 1024 * 1024;
const FOLDERS = ["shared", "services/api", "services/worker", "infra/local", "test"];

/** Every file that is or would be committed, relative to the root. Empty outside a git work tree. */
export function trackedFiles(): readonly string[] {
  if (!existsSync(`${ROOT}.git`)) return [];
  // A clone may belong to another user than the one who runs the tests, as it does in a container.
  const trusting = ["-c", "safe.directory=*"];
  const listed = execFileSync("git", [...trusting, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: LISTING_BYTES_MAX,
  });
  return listed.split("\0").filter((path) => path !== "" && existsSync(`${ROOT}${path}`));
}

export function packages(): readonly Package[] {
  return FOLDERS.map((folder) => {
    const manifest = readManifest(`${folder}/package.json`);
    const { dependencies = {}, devDependencies = {} } = manifest;
    return {
      name: manifest.name,
      folder,
      dependencies: new Set([...Object.keys(dependencies), ...Object.keys(devDependencies)]),
    };
  });
}

export interface Manifest {
  readonly name: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export function readManifest(path: string): Manifest {
  return JSON.parse(readText(path)) as Manifest;
}

/** An import statement of a source file. */
export interface Import {
  readonly specifier: string;
  /** Gone at run time. */
  readonly typeOnly: boolean;
}

const FROM = /^(?:import|export)\s+(type\s)?([^;"']*?)\s*from\s*"([^"]+)"/gm;
const BARE = /^import\s*"([^"]+)"/gm;
const DYNAMIC = /\bimport\(\s*"([^"]+)"/g;
/** A package whose files are read, not run: createRequire(…).resolve("…"). */
const RESOLVED = /\.resolve\("((?:@[\w-]+\/)?[\w-]+)"\)/g;

/** What a source file imports. The formatter keeps one statement per line and double quotes, so patterns suffice. */
export function importsOf(source: string): readonly Import[] {
  const named = [...source.matchAll(FROM)].map(([, type, names = "", specifier = ""]) => ({
    specifier,
    typeOnly: type !== undefined || allTypes(names),
  }));
  const plain = [BARE, DYNAMIC, RESOLVED]
    .flatMap((pattern) => [...source.matchAll(pattern)])
    .map(([, specifier = ""]) => ({
      specifier,
      typeOnly: false,
    }));
  return [...named, ...plain];
}

function allTypes(names: string): boolean {
  const inner = /^\{([\s\S]*)\}$/.exec(names.trim())?.[1];
  const listed = inner?.split(",").map((name) => name.trim()) ?? [];
  return listed.length > 0 && listed.filter((name) => name !== "").every((name) => name.startsWith("type "));
}
