/**
 * Bundles each service into one file, `dist/<service>.cjs`, the doctor's job and the command line into `dist/<name>.mjs`, and Pub/Sub's client
 * library, which only PUBLISH_BY=library loads, into `dist/pubsub-library.cjs`. Each runs in an empty folder with nothing but Node, and has a
 * list of what is in it beside it: `dist/<name>.sbom.json`. `dist/start.cjs` runs a service with code that is compiled already
 * (code-cache.mjs).
 *
 *   node infra/image/build.mjs [--out DIR] [--images]     default: dist
 *
 * With --images a folder for each image is put beside them, with the files as the image has them.
 *
 * Exits 1 when a bundle has outgrown budgets.json: what a process loads at its start is paid for at every cold start.
 */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { BUNDLING, SERVICE_BUNDLING } from "./bundling.mjs";
import { sbomOf } from "./sbom.mjs";

const ROOT = resolve(import.meta.dirname, "../..");
/** Most of what is bundled is CommonJS, which esbuild runs inside an ES module only if these three names exist. */
const COMMONJS_NAMES = [
  'import { createRequire as bannerCreateRequire } from "node:module";',
  'import { dirname as bannerDirname } from "node:path";',
  'import { fileURLToPath as bannerFileURLToPath } from "node:url";',
  "const require = bannerCreateRequire(import.meta.url);",
  "const __filename = bannerFileURLToPath(import.meta.url);",
  "const __dirname = bannerDirname(__filename);",
].join("\n");
const MODULE_BUNDLING = { ...BUNDLING, format: "esm", banner: { js: COMMONJS_NAMES } };
const BUNDLES = [
  { name: "api", entry: "services/api/src/main.ts", bundling: SERVICE_BUNDLING },
  { name: "worker", entry: "services/worker/src/main.ts", bundling: SERVICE_BUNDLING },
  // Beside both of them, for PUBLISH_BY=library.
  { name: "pubsub-library", entry: "shared/src/pubsub/library-publisher.ts", bundling: { ...BUNDLING, format: "cjs" } },
  // Goes into the worker's image: a job that asks with the worker's identity.
  { name: "doctor", entry: "services/worker/src/doctor/main.ts", bundling: MODULE_BUNDLING },
  // It begins with #!, and is run as it is.
  { name: "draftmill", entry: "services/api/src/cli/main.ts", bundling: MODULE_BUNDLING, mode: 0o755 },
];
const ENDS = { cjs: "cjs", esm: "mjs" };
const LIBRARY_FILES = {
  "pubsub-library.cjs": "pubsub-library.cjs",
  "pubsub-library.sbom.json": "pubsub-library.sbom.json",
};
/** What an image holds besides its start, by the name here and the image's own. */
const IMAGES = {
  api: {
    "api.cjs": "service.cjs",
    "api.sbom.json": "sbom.json",
    ...LIBRARY_FILES,
  },
  worker: {
    "worker.cjs": "service.cjs",
    "worker.sbom.json": "sbom.json",
    ...LIBRARY_FILES,
    "doctor.mjs": "doctor.mjs",
    "doctor.sbom.json": "doctor.sbom.json",
  },
};
const HEAVIEST_SHOWN = 12;

const { values } = parseArgs({
  options: { out: { type: "string", default: join(ROOT, "dist") }, images: { type: "boolean", default: false } },
});
const budgets = JSON.parse(readFileSync(join(import.meta.dirname, "budgets.json"), "utf8"));

mkdirSync(resolve(values.out), { recursive: true });
const bundles = await Promise.all(BUNDLES.map((one) => bundle(one, resolve(values.out))));
copyFileSync(join(import.meta.dirname, "start.cjs"), join(resolve(values.out), "start.cjs"));
if (values.images) fillImages(resolve(values.out));
const row = (name, ...cells) => console.log(name.padEnd(16) + cells.map(column).join(""));
row("bundle", "bytes", "budget", "modules", "budget");
for (const { name, bytes, modules } of bundles) {
  row(name, bytes, budgets[name].bytes, modules, budgets[name].modules);
}
const outgrown = bundles.filter(
  ({ name, bytes, modules }) => bytes > budgets[name].bytes || modules > budgets[name].modules,
);
for (const { name: bundled, weights } of outgrown) {
  console.error(`\n${bundled} has outgrown infra/image/budgets.json. Its heaviest packages:`);
  for (const [name, bytes] of weights.slice(0, HEAVIEST_SHOWN)) console.error(`${column(bytes)}  ${name}`);
}
if (outgrown.length > 0) {
  console.error("\nEither take out what came in, or raise the budget and say in the commit what it buys.");
  process.exitCode = 1;
}

async function bundle({ name, entry, bundling, mode }, outDir) {
  const end = ENDS[bundling.format];
  const outfile = join(outDir, `${name}.${end}`);
  const { metafile } = await build({
    ...bundling,
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile,
    // Names stay readable in a stack trace; minified code also starts slower without a compile cache (measured).
    minify: false,
    sourcemap: true,
    metafile: true,
    logLevel: "warning",
  });
  const output = Object.entries(metafile.outputs).find(([path]) => path.endsWith(`.${end}`))?.[1];
  if (output === undefined) throw new Error(`esbuild wrote no bundle of ${name}`);
  if (mode !== undefined) chmodSync(outfile, mode);
  const [folder] = entry.split("/src/", 1);
  const { version } = JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
  const sbom = sbomOf(name === "draftmill" ? name : `draftmill-${name}`, version, output.inputs);
  writeFileSync(join(outDir, `${name}.sbom.json`), `${JSON.stringify(sbom, null, 2)}\n`);
  return { name, bytes: output.bytes, modules: Object.keys(output.inputs).length, weights: weigh(output.inputs) };
}

function fillImages(outDir) {
  for (const [image, files] of Object.entries(IMAGES)) {
    const folder = join(outDir, "images", image);
    mkdirSync(folder, { recursive: true });
    for (const [from, to] of Object.entries({ "start.cjs": "start.cjs", ...files })) {
      copyFileSync(join(outDir, from), join(folder, to));
    }
  }
}

/** Bytes in the bundle by package, heaviest first. */
function weigh(inputs) {
  const byPackage = new Map();
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path.split("/").slice(0, 2).join("/");
    byPackage.set(name, (byPackage.get(name) ?? 0) + bytesInOutput);
  }
  return [...byPackage].sort(([, a], [, b]) => b - a);
}

function column(cell) {
  return cell.toLocaleString("en").padStart(12);
}
