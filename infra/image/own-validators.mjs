import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Ajv } from "ajv";
import standalone from "ajv/dist/standalone/index.js";
import { AS_IT_STANDS, OWN_SCHEMAS } from "../../shared/src/contract/own-schema.ts";

const ROOT = join(import.meta.dirname, "../..");

/** The module that compiles our schemas. */
const COMPILER = /[\\/]shared[\\/]src[\\/]contract[\\/]own-schema\.ts$/;

/**
 * An esbuild plugin that puts the validators of our schemas into a bundle as Ajv writes them, in place of the module that compiles them:
 * a start then compiles none. `compileOwn` throws for a schema that is not among them.
 */
export const ownValidators = {
  name: "own-validators",
  setup(build) {
    const texts = compileAll();
    build.onLoad({ filter: COMPILER }, async ({ path }) => ({
      contents: moduleOf(await texts),
      loader: "js",
      resolveDir: dirname(path),
    }));
    build.onResolve({ filter: /^own-validator:/ }, ({ path, resolveDir }) => ({
      path: path.slice("own-validator:".length),
      namespace: "own-validator",
      pluginData: resolveDir,
    }));
    build.onLoad({ filter: /.*/, namespace: "own-validator" }, async ({ path, pluginData }) => ({
      contents: (await texts)[Number(path)].code,
      loader: "js",
      resolveDir: pluginData,
    }));
  },
};

/** The validator of one schema, as the text of a CommonJS module. */
export function codeOf({ schema, options }) {
  const ajv = new Ajv({ ...options, ...AS_IT_STANDS, code: { source: true } });
  return standalone.default(ajv, ajv.compile(schema));
}

async function compileAll() {
  const sources = globSync(["shared/src/**/*.ts", "services/*/src/**/*.ts"], { cwd: ROOT }).sort();
  const holders = sources.filter((path) => readFileSync(join(ROOT, path), "utf8").includes("/own-schema.ts"));
  for (const path of holders) await import(join(ROOT, path));
  return OWN_SCHEMAS.map((one) => ({ ...one, code: codeOf(one) }));
}

function moduleOf(texts) {
  return [
    ...texts.map((_, index) => `import validate${index} from "own-validator:${index}";`),
    "const VALIDATORS = new Map([",
    ...texts.map(
      ({ schema, options }, index) => `  [${JSON.stringify(JSON.stringify([schema, options]))}, validate${index}],`,
    ),
    "]);",
    "export function compileOwn(schema, options = {}) {",
    "  const validate = VALIDATORS.get(JSON.stringify([schema, options]));",
    '  if (validate === undefined) throw new Error("infra/image/own-validators.mjs does not know this schema");',
    "  return validate;",
    "}",
  ].join("\n");
}
