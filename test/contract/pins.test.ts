import assert from "node:assert/strict";
import { test } from "node:test";
import { readText } from "../support/readme.ts";
import { packages, readManifest } from "../support/repository.ts";

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock = JSON.parse(readText("package-lock.json")) as { packages: Readonly<Record<string, LockedPackage>> };
const locked = Object.entries(lock.packages);

test("Google's transport libraries exist once: two copies break each other's error classes and cost a cold start", () => {
  for (const name of ["google-gax", "gaxios", "google-auth-library", "@grpc/grpc-js", "protobufjs"]) {
    const places = locked.map(([path]) => path).filter((path) => path.endsWith(`node_modules/${name}`));
    assert.deepEqual(places, [`node_modules/${name}`]);
  }
});

test("every dependency is pinned to one exact version", () => {
  for (const path of ["package.json", ...packages().map(({ folder }) => `${folder}/package.json`)]) {
    const { dependencies = {}, devDependencies = {} } = readManifest(path);
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      assert.match(version, /^\d+\.\d+\.\d+$/, `${path}: ${name}`);
      if (name.startsWith("@draftmill/")) continue;
      const installed = lock.packages[`node_modules/${name}`]?.version;
      assert.equal(installed, version, `package-lock.json has another ${name} than ${path}`);
    }
  }
});

test("the lockfile names no registry, so that it installs from whichever one a machine is set up for", () => {
  for (const [path, { resolved, link }] of locked) {
    if (resolved === undefined) continue;
    assert.ok(link === true && /^[\w/]+$/.test(resolved), `${path} is resolved to ${resolved}`);
  }
});

test("the lockfile holds the optional package of every platform: npm ci refuses one that was made on a single platform", () => {
  for (const [path, { optionalDependencies = {} }] of locked) {
    for (const name of Object.keys(optionalDependencies)) {
      assert.equal(lock.packages[`node_modules/${name}`]?.optional, true, `${path || "the root"} wants ${name}`);
    }
  }
  const biome = Object.keys(lock.packages).filter((path) => path.startsWith("node_modules/@biomejs/cli-"));
  assert.ok(biome.length >= 8, `only ${biome.length} of Biome's platforms are locked`);
});

test("Node is pinned the same way for npm scripts, version managers and the bundles", () => {
  const version = readManifest("package.json").devDependencies?.node ?? "";
  assert.equal(readText(".node-version").trim(), version);
  assert.match(readText("infra/image/bundling.mjs"), new RegExp(`target: "node${version.split(".")[0]}"`));
});
