import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** Licences that ask for no more than to be named. Any other wants a person's decision before it comes in. */
const ALLOWED = ["0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0"];

/** Packages whose manifest does not name their licence by its SPDX identifier; as their LICENSE file reads. */
const AS_THE_FILE_READS = { "url-template@2.0.8": "BSD-3-Clause" };

/**
 * Every package of the lockfile that is no devDependency: what runs in production or under `npm start`. `path` is its place
 * in node_modules. Throws on a licence that is not allowed.
 */
export function lockedPackages(lockPath = join(ROOT, "package-lock.json")) {
  const { packages } = JSON.parse(readFileSync(lockPath, "utf8"));
  return Object.entries(packages)
    .filter(([path, { dev, link }]) => path.includes("node_modules/") && dev !== true && link !== true)
    .map(([path, { version, license, integrity }]) => {
      const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
      const licence = AS_THE_FILE_READS[`${name}@${version}`] ?? license;
      if (!ALLOWED.includes(licence)) throw new Error(`${name}@${version} has the licence ${licence ?? "of no name"}`);
      return { path, name, version, licence, integrity };
    });
}
