import { readFileSync } from "node:fs";

/**
 * A file of the console's folder. The bundle holds another module of this name and shape, with the texts in it
 * (infra/image/console-texts.mjs): there is no folder beside it, and nothing is read at run time.
 */
export function readConsoleFile(name: string): string {
  return readFileSync(new URL(`./console/${name}`, import.meta.url), "utf8");
}
