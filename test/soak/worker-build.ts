import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "esbuild";
import { buildAsImage } from "../support/image-build.ts";
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
  const file = join(outdir, "worker.cjs");
  await buildAsImage("services/worker/src/main.ts", file, {
    minifyWhitespace: true,
    plugins: mutations.length === 0 ? [] : [mutating(mutations)],
  });
  return file;
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
