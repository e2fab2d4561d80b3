import { join } from "node:path";
import { consoleTexts } from "./console-texts.mjs";
import { http2OnDemand } from "./http2-on-demand.mjs";
import { libraryApart } from "./library-apart.mjs";
import { ownValidators } from "./own-validators.mjs";

/** esbuild's options for whatever is shipped. */
export const BUNDLING = {
  bundle: true,
  platform: "node",
  target: "node24",
  plugins: [consoleTexts, ownValidators, libraryApart, http2OnDemand],
};

/** And for a service. CommonJS is what most of it is written in, and what V8 compiles function by function: less to load at a start. */
export const SERVICE_BUNDLING = {
  ...BUNDLING,
  format: "cjs",
  inject: [join(import.meta.dirname, "fetch-classes.mjs")],
};
