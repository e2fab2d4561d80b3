import assert from "node:assert/strict";
import { builtinModules } from "node:module";
import { dirname, join, normalize } from "node:path/posix";
import { test } from "node:test";
import { readText } from "../support/readme.ts";
import { importsOf, packages, trackedFiles } from "../support/repository.ts";

/** Who may import whom, of our own packages. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "@draftmill/shared": [],
  "@draftmill/api": ["@draftmill/shared"],
  "@draftmill/worker": ["@draftmill/shared"],
  "@draftmill/local": ["@draftmill/shared", "@draftmill/api", "@draftmill/worker"],
  "@draftmill/test": ["@draftmill/shared", "@draftmill/api", "@draftmill/worker", "@draftmill/local"],
};

const all = packages();
const sources = trackedFiles()
  .filter((path) => path.endsWith(".ts"))
  .flatMap((path) => {
    const owner = all.find(({ folder }) => path.startsWith(`${folder}/`));
    return owner === undefined ? [] : [{ path, owner, imports: importsOf(readText(path)) }];
  });
const options = { skip: sources.length === 0 && "not a git work tree" };

/** "@scope/name/file.ts" and "name/deep/file.js" name their package by their first part or two. */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

test("no package imports one of ours that stands above it, and services never each other", options, () => {
  for (const { path, owner, imports } of sources) {
    for (const { specifier } of imports) {
      const target = packageOf(specifier);
      if (!target.startsWith("@draftmill/")) continue;
      assert.ok(MAY_IMPORT[owner.name]?.includes(target), `${path} imports ${specifier}`);
    }
  }
});

test("no import leaves its package's folder by a relative path", options, () => {
  for (const { path, owner, imports } of sources) {
    for (const { specifier } of imports) {
      if (!specifier.startsWith(".")) continue;
      const target = normalize(join(dirname(path), specifier));
      assert.ok(target.startsWith(`${owner.folder}/`), `${path} imports ${specifier}`);
    }
  }
});

test("every package that is imported stands in the importer's own package.json", options, () => {
  const builtin = new Set(builtinModules.map((name) => `node:${name}`));
  for (const { path, owner, imports } of sources) {
    for (const { specifier } of imports) {
      if (specifier.startsWith(".") || builtin.has(specifier) || specifier.startsWith("node:")) continue;
      const name = packageOf(specifier);
      assert.ok(owner.dependencies.has(name), `${path} imports ${specifier}, which ${owner.name} does not list`);
    }
  }
});

test("every dependency that a package lists is imported by it", options, () => {
  for (const { name, dependencies } of all) {
    const used = new Set(
      sources
        .filter(({ owner }) => owner.name === name)
        .flatMap(({ imports }) => imports.map(({ specifier }) => packageOf(specifier))),
    );
    const idle = [...dependencies].filter((dependency) => !dependency.startsWith("@types/") && !used.has(dependency));
    assert.deepEqual(idle, [], `${name} lists what it does not import`);
  }
});

/** The only parts of googleapis that are used, and the package that may. Tests may use both, and a benchmark what it compares with. */
const GOOGLE_APIS: Readonly<Record<string, string>> = { gmail: "@draftmill/worker", firestore: "@draftmill/shared" };

test("googleapis is only ever imported by one API's own path, each API by one package", options, () => {
  for (const { path, owner, imports } of sources) {
    for (const { specifier } of imports) {
      if (packageOf(specifier) !== "googleapis") continue;
      const [, api = ""] = /^googleapis\/build\/src\/apis\/(\w+)\//.exec(specifier) ?? [];
      if (api !== "" && path.startsWith("test/bench/peers/")) continue;
      assert.ok(Object.hasOwn(GOOGLE_APIS, api), `${path} imports ${specifier}`);
      if (owner.name !== "@draftmill/test") assert.equal(owner.name, GOOGLE_APIS[api], `${path} imports ${specifier}`);
    }
  }
});

test("only main.ts and config.ts of a package see the environment", options, () => {
  for (const { path, owner } of sources) {
    if (owner.name === "@draftmill/test" || /\/(main|config)\.ts$/.test(path)) continue;
    assert.doesNotMatch(readText(path), /\bprocess\.env\b/, path);
  }
});

test("no file reaches itself through what it imports", options, () => {
  const byPath = new Map(sources.map(({ path, imports }) => [path, imports]));
  const folders = new Map(all.map(({ name, folder }) => [name, folder.startsWith("infra") ? folder : `${folder}/src`]));
  const resolved = (path: string, specifier: string): string => {
    if (specifier.startsWith(".")) return normalize(join(dirname(path), specifier));
    const name = packageOf(specifier);
    return `${folders.get(name) ?? name}${specifier.slice(name.length)}`;
  };
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    assert.ok(!trail.includes(path), `import cycle: ${[...trail.slice(trail.indexOf(path)), path].join(" → ")}`);
    if (done.has(path)) return;
    for (const { specifier, typeOnly } of byPath.get(path) ?? []) {
      if (!typeOnly) visit(resolved(path, specifier), [...trail, path]);
    }
    done.add(path);
  };
  for (const path of byPath.keys()) visit(path, []);
});
