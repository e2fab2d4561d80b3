import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The module that reads the console's files from their folder. */
const READER = /[\\/]services[\\/]api[\\/]src[\\/]read-console-file\.ts$/;
const SERVED = /\.(?:css|html|js)$/;

/**
 * An esbuild plugin that puts the texts of the api's console into its bundle, in place of the module that reads them: the bundle stays
 * one file, and needs no folder beside it.
 */
export const consoleTexts = {
  name: "console-texts",
  setup(build) {
    build.onLoad({ filter: READER }, ({ path }) => {
      const folder = join(dirname(path), "console");
      const texts = readdirSync(folder)
        .filter((name) => SERVED.test(name))
        .sort()
        .map((name) => [name, readFileSync(join(folder, name), "utf8")]);
      return { contents: moduleOf(texts), loader: "js" };
    });
  },
};

function moduleOf(texts) {
  return [
    `const TEXTS = new Map(${JSON.stringify(texts, null, 2)});`,
    "export function readConsoleFile(name) {",
    "  const text = TEXTS.get(name);",
    '  if (text === undefined) throw new Error("the console has no file " + name);',
    "  return text;",
    "}",
  ].join("\n");
}
