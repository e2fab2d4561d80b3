/**
 * Bundles each service and the command line into one file, `dist/<name>.mjs`, that runs in an empty folder with nothing but Node, and
 * lists beside it what is in it: `dist/<name>.sbom.json`.
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
import { consoleTexts } from "./console-texts.mjs";
import { sbomOf } from "./sbom.mjs";

const ROOT = resolve(import.meta.dirname, "../..");
const BUNDLES = [
  { name: "api", entry: "services/api/src/main.ts" },
  { name: "worker", entry: "services/worker/src/main.ts" },
  // Goes into the worker's image: a job that asks with the worker's identity.
  { name: "doctor", entry: "services/worker/src/doctor/main.ts" },
  // It begins with #!, and is run as it is.
  { name: "draftmill", entry: "services/api/src/cli/main.ts", mode: 0o755 },
];
/** What an image holds, by the bundle's name and the image's own. */
const IMAGES = { api: { api: "service" }, worker: { worker: "service", doctor: "doctor" } };
const HEAVIEST_SHOWN = 12;

/** Most of what is bundled is CommonJS, which esbuild runs inside an ES module only if these three names exist. */
const COMMONJS_NAMES = [
  'import { createRequire as bannerCreateRequire } from "node:module";',
  'import { dirname as bannerDirname } from "node:path";',
  'import { fileURLToPath as bannerFileURLToPath } from "node:url";',
  "const require = bannerCreateRequire(import.meta.url);",
  "const __filename = bannerFileURLToPath(import.meta.url);",
  "const __dirname = bannerDirname(__filename);",
].join("\n");

const { values } = parseArgs({
  options: { out: { type: "string", default: join(ROOT, "dist") }, images: { type: "boolean", default: false } },
});
const budgets = JSON.parse(readFileSync(join(import.meta.dirname, "budgets.json"), "utf8"));

mkdirSync(resolve(values.out), { recursive: true });
const bundles = await Promise.all(BUNDLES.map((one) => bundle(one, resolve(values.out))));
if (values.images) fillImages(resolve(values.out));
const row = (name, ...cells) => console.log(name.padEnd(10) + cells.map(column).join(""));
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

async function bundle({ name, entry, mode }, outDir) {
  const outfile = join(outDir, `${name}.mjs`);
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    // Names stay readable in a stack trace; minified code also starts slower without a compile cache (measured).
    minify: false,
    sourcemap: true,
    banner: { js: COMMONJS_NAMES },
    plugins: [consoleTexts],
    metafile: true,
    logLevel: "warning",
  });
  const output = Object.entries(metafile.outputs).find(([path]) => path.endsWith(".mjs"))?.[1];
  if (output === undefined) throw new Error(`esbuild wrote no bundle of ${name}`);
  if (mode !== undefined) chmodSync(outfile, mode);
  const [folder] = entry.split("/src/", 1);
  const { version } = JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
  const sbom = sbomOf(name === "draftmill" ? name : `draftmill-${name}`, version, output.inputs);
  writeFileSync(join(outDir, `${name}.sbom.json`), `${JSON.stringify(sbom, null, 2)}\n`);
  return { name, bytes: output.bytes, modules: Object.keys(output.inputs).length, weights: weigh(output.inputs) };
}

function fillImages(outDir) {
  for (const [image, bundles] of Object.entries(IMAGES)) {
    const folder = join(outDir, "images", image);
    mkdirSync(folder, { recursive: true });
    for (const [name, own] of Object.entries(bundles)) {
      copyFileSync(join(outDir, `${name}.mjs`), join(folder, `${own}.mjs`));
      copyFileSync(
        join(outDir, `${name}.sbom.json`),
        join(folder, own === "service" ? "sbom.json" : `${own}.sbom.json`),
      );
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
