import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { buildBundles } from "../support/bundles.ts";
import { ROOT, readText } from "../support/readme.ts";
import { packages } from "../support/repository.ts";

const run = promisify(execFile);
const NPM_MS = 60_000;

interface LockedPackage {
  readonly version?: string;
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
}

const lock = JSON.parse(readText("package-lock.json")) as { packages: Readonly<Record<string, LockedPackage>> };
const manifest = JSON.parse(readText("package.json")) as { allowScripts: Readonly<Record<string, boolean>> };

test("each package with an install script is decided on by name, and Node's own is the only one that may run", () => {
  const scripted = Object.entries(lock.packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript === true)
    .map(([path]) => path.replace(/^.*node_modules\//, ""));
  assert.deepEqual(Object.keys(manifest.allowScripts).toSorted(), [...new Set(scripted)].toSorted());
  const allowed = Object.entries(manifest.allowScripts).filter(([, isAllowed]) => isAllowed);
  assert.deepEqual(allowed, [["node", true]]);
});

test("CI runs no install script but Node's, whichever npm it has", () => {
  const installs = readText(".ci/run").match(/^npm (?:ci|install|rebuild).*$/gm) ?? [];
  assert.equal(installs.length, 2);
  assert.match(installs[0] ?? "", /^npm ci --ignore-scripts /);
  assert.match(installs[1] ?? "", /^npm rebuild node --ignore-scripts=false /);
});

/** The manifests alone, with the root's changed. */
async function copyOfManifests(t: TestContext, allowScripts: Readonly<Record<string, boolean>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-manifests-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const file of ["package-lock.json", ".npmrc", ...packages().map(({ folder }) => `${folder}/package.json`)]) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await copyFile(join(ROOT, file), join(folder, file));
  }
  await writeFile(join(folder, "package.json"), JSON.stringify({ ...manifest, allowScripts }));
  return folder;
}

test("an npm that knows allowScripts refuses to install a package whose install script nobody has decided on", async (t) => {
  const { protobufjs: _, ...undecided } = manifest.allowScripts;
  const folder = await copyOfManifests(t, undecided);
  const npm = (...args: string[]) => run("npm", args, { cwd: folder, timeout: NPM_MS });
  const { stdout: known } = await run("npm", ["config", "get", "strict-allow-scripts"], {
    cwd: tmpdir(),
    timeout: NPM_MS,
  });
  if (known.trim() === "undefined") return t.skip("this npm has no allowScripts: it runs every install script");
  await assert.rejects(npm("ci", "--dry-run", "--offline", "--loglevel=error"), /ESTRICTALLOWSCRIPTS[\s\S]*protobufjs/);
});

test("the list of licences is the lockfile's, and holds none that nobody has allowed", async () => {
  // Not part of any package: a script beside the build.
  const path = join(ROOT, "infra/image/licences.mjs");
  const { licencesDocument } = (await import(path)) as { licencesDocument(lockPath?: string): string };
  assert.equal(readText("infra/docs/licences.md"), licencesDocument(), "run node infra/image/licences.mjs");
  const production = Object.entries(lock.packages).filter(
    ([at, one]) => at.includes("node_modules/") && one.version && !one.dev,
  );
  for (const [at, { version }] of production) {
    const name = at.replace(/^.*node_modules\//, "").replaceAll(/[.\\/]/g, "\\$&");
    assert.match(
      readText("infra/docs/licences.md"),
      new RegExp(`^\\| ${name} +\\| ${version} +\\| \\S+ +\\|$`, "m"),
      at,
    );
  }
});

test("a licence that is not on the list stops the build", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-licences-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const lockPath = join(folder, "package-lock.json");
  const { lockedPackages } = (await import(join(ROOT, "infra/image/locked-packages.mjs"))) as {
    lockedPackages(lockPath?: string): readonly unknown[];
  };
  for (const license of ["AGPL-3.0", "UNLICENSED", undefined]) {
    await writeFile(lockPath, JSON.stringify({ packages: { "node_modules/x": { version: "1.0.0", license } } }));
    assert.throws(() => lockedPackages(lockPath), /x@1\.0\.0 has the licence/);
  }
});

interface Sbom {
  readonly bomFormat: string;
  readonly components: readonly {
    readonly "bom-ref": string;
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    readonly hashes?: readonly unknown[];
  }[];
}

test("each bundle comes with a list of every package that it has code of, at the version that is installed", async (t) => {
  const { folder } = await buildBundles(t);
  for (const [service, ends, packagesAtLeast] of [
    ["api", "cjs", 40],
    ["worker", "cjs", 40],
    ["pubsub-library", "cjs", 15],
    ["draftmill", "mjs", 5],
  ] as const) {
    const sbom = JSON.parse(await readFile(join(folder, `${service}.sbom.json`), "utf8")) as Sbom;
    // esbuild writes above each module where it comes from.
    const modules = (await readFile(join(folder, `${service}.${ends}`), "utf8")).matchAll(
      /^\/\/ (\S*node_modules\/\S+)$/gm,
    );
    const bundled = new Set(
      [...modules].flatMap(([, path = ""]) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
    );
    const listed = new Set(sbom.components.map((component) => component["bom-ref"]));
    assert.ok(bundled.size >= packagesAtLeast && sbom.bomFormat === "CycloneDX");
    assert.deepEqual(
      [...bundled].filter((path) => !listed.has(path)),
      [],
      service,
    );
    for (const component of sbom.components) {
      const { name, version } = JSON.parse(readText(`${component["bom-ref"]}/package.json`)) as Record<string, string>;
      assert.deepEqual([component.name, component.version], [name, version]);
      assert.equal(component.purl, `pkg:npm/${name?.replace("@", "%40")}@${version}`);
      assert.equal(component.hashes?.length, 1, `${name} has a checksum`);
    }
  }
});
