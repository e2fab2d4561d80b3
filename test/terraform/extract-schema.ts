/**
 * Writes google-schema.json anew, for whoever uses a resource type that it has not. The provider itself is not needed: its
 * CDKTF binding on npm carries, in the source map of each type, TypeScript with a comment for every argument.
 *
 *   npm install --prefix FOLDER --ignore-scripts @cdktf/provider-google@16.12.1     300 MB, outside the checkout
 *   node test/terraform/extract-schema.ts FOLDER
 *
 * The types are those that infra/terraform uses. The binding is of provider 6.50.0, and what 7 added is not in it: an argument that came
 * later counts as misspelt here.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/readme.ts";
import { CdktfBinding } from "./cdktf-binding.ts";
import type { BlockSchema, ProviderSchema } from "./provider-schema.ts";

const [folder = ""] = process.argv.slice(2);
const binding = join(folder, "node_modules/@cdktf/provider-google");
const manifest = JSON.parse(readFileSync(join(binding, "package.json"), "utf8"));
const hcl = readdirSync(`${ROOT}infra/terraform`)
  .filter((name) => name.endsWith(".tf"))
  .map((name) => readFileSync(`${ROOT}infra/terraform/${name}`, "utf8"))
  .join("\n");
const used = (kind: string): string[] =>
  [...new Set([...hcl.matchAll(new RegExp(`^${kind} "(google_\\w+)"`, "gm"))].map(([, type = ""]) => type))].sort();

const blockOf = (path: string): BlockSchema => new CdktfBinding(sourceOf(path)).root();
const named = (types: readonly string[], path: (type: string) => string): Record<string, BlockSchema> =>
  Object.fromEntries(types.map((type) => [type, blockOf(path(type))]));
const kebab = (type: string): string => type.replace(/^google_/, "").replaceAll("_", "-");

const schema: ProviderSchema = {
  from: `@cdktf/provider-google ${manifest.version}, of hashicorp/google ${manifest.cdktf.provider.version}`,
  licence: manifest.license,
  provider: blockOf("provider"),
  resources: named(used("resource"), kebab),
  data: named(used("data"), (type) => `data-google-${kebab(type)}`),
};
writeFileSync(`${ROOT}test/terraform/google-schema.json`, lines(schema));

/** A type to a line, so that a change shows which it is of. */
function lines({ resources, data, ...rest }: ProviderSchema): string {
  const section = (types: Readonly<Record<string, BlockSchema>>): string =>
    Object.entries(types)
      .map(([type, block]) => `    ${JSON.stringify(type)}: ${JSON.stringify(block)}`)
      .join(",\n");
  const head = Object.entries(rest).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`);
  return `{\n${head.join("")}  "resources": {\n${section(resources)}\n  },\n  "data": {\n${section(data)}\n  }\n}\n`;
}

function sourceOf(path: string): string {
  const compiled = readFileSync(join(binding, "lib", path, "index.js"), "utf8");
  const map = /sourceMappingURL=data:application\/json;base64,([A-Za-z0-9+/=]+)/.exec(compiled)?.[1] ?? "";
  return JSON.parse(Buffer.from(map, "base64").toString()).sourcesContent[0];
}
