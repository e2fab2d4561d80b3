import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { ROOT } from "../support/readme.ts";

/** One rule of the protocol switched off: a text of one source file replaced, in this build only. */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** What most of the bundle needs of CommonJS, as in the image's own build. */
const COMMONJS_NAMES = [
  'import { createRequire as bannerCreateRequire } from "node:module";',
  "const require = bannerCreateRequire(import.meta.url);",
  "const __filename = import.meta.filename;",
  "const __dirname = import.meta.dirname;",
].join("\n");

/**
 * Bundles the worker as it is, or with rules switched off, into the folder; returns the file to run. Throws when a rule is
 * not where it is said to be. Unlike the image's build it leaves in files of their own what a worker loads on demand, and
 * drops blanks: a start takes a sixth less of the processor's time (measured), and there are thousands.
 */
export async function buildWorker(outdir: string, mutations: readonly Mutation[] = []): Promise<string> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: { worker: "services/worker/src/main.ts" },
    outdir,
    outExtension: { ".js": ".mjs" },
    splitting: true,
    minifyWhitespace: true,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    banner: { js: COMMONJS_NAMES },
    logLevel: "error",
    plugins: mutations.length === 0 ? [] : [mutating(mutations)],
  });
  return join(outdir, "worker.mjs");
}

function mutating(mutations: readonly Mutation[]): Plugin {
  const files = Map.groupBy(mutations, ({ file }) => join(ROOT, file));
  return {
    name: "mutations",
    setup(builder) {
      const left = new Set(files.keys());
      builder.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const wanted = files.get(path);
        if (wanted === undefined) return undefined;
        left.delete(path);
        let contents = await readFile(path, "utf8");
        for (const { name, find, replace } of wanted) {
          if (contents.split(find).length !== 2) throw new Error(`${name}: ${path} does not have its text once`);
          contents = contents.replace(find, () => replace);
        }
        return { contents, loader: "ts" };
      });
      builder.onEnd(() => {
        if (left.size > 0) throw new Error(`not part of the worker: ${[...left].join(", ")}`);
      });
    },
  };
}
