import { join } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { ROOT } from "./readme.ts";

/** Bundles a module into one file as the image's build does the services. `more` goes before what the image has. */
export async function buildAsImage(entry: string, outfile: string, more: BuildOptions = {}): Promise<void> {
  const { plugins = [], ...others } = more;
  await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    logLevel: "error",
    inject: [join(ROOT, "infra/image/fetch-classes.mjs")],
    ...others,
    plugins: [...plugins, ...(await imagePlugins())],
  });
}

async function imagePlugins(): Promise<readonly Plugin[]> {
  const names = ["own-validators", "library-apart", "http2-on-demand"];
  const files = await Promise.all(names.map((name) => import(join(ROOT, `infra/image/${name}.mjs`))));
  return files.flatMap((file) => Object.values(file as Readonly<Record<string, unknown>>).filter(isPlugin));
}

function isPlugin(value: unknown): value is Plugin {
  return typeof value === "object" && value !== null && "setup" in value;
}
