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

/**
 * Bundles the worker as it is, or with rules switched off, into the folder; returns the file to run. Throws when a rule is
 * not where it is said to be. As the image's build, but without blanks: it is read thousands of times.
 */
export async function buildWorker(outdir: string, mutations: readonly Mutation[] = []): Promise<string> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: { worker: "services/worker/src/main.ts" },
    outdir,
    outExtension: { ".js": ".cjs" },
    minifyWhitespace: true,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    logLevel: "error",
    inject: [join(ROOT, "infra/image/fetch-classes.mjs")],
    plugins: [...(mutations.length === 0 ? [] : [mutating(mutations)]), ...(await imagePlugins())],
  });
  return join(outdir, "worker.cjs");
}

async function imagePlugins(): Promise<readonly Plugin[]> {
  const names = ["own-validators", "library-apart", "http2-on-demand"];
  const files = await Promise.all(names.map((name) => import(join(ROOT, `infra/image/${name}.mjs`))));
  return files.flatMap((file) => Object.values(file as Readonly<Record<string, unknown>>).filter(isPlugin));
}

function isPlugin(value: unknown): value is Plugin {
  return typeof value === "object" && value !== null && "setup" in value;
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
