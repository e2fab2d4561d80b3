import { join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { ROOT } from "./readme.ts";

/** Bundles a module into one file as the image's build does the services. Plugins of `more` go before the image's. */
export async function buildAsImage(entry: string, outfile: string, more: BuildOptions = {}): Promise<void> {
  const { SERVICE_BUNDLING: shipped } = (await import(join(ROOT, "infra/image/bundling.mjs"))) as {
    readonly SERVICE_BUNDLING: BuildOptions;
  };
  const plugins = [...(more.plugins ?? []), ...(shipped.plugins ?? [])];
  await build({ absWorkingDir: ROOT, logLevel: "error", ...shipped, ...more, entryPoints: [entry], outfile, plugins });
}
