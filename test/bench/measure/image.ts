import { execFile } from "node:child_process";
import { cpSync, globSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import type { ServiceName } from "./service.ts";

/** What the Dockerfile says of a service, as far as it concerns how it is built and run. */
export interface ImageRecipe {
  /** Commands that fill /out. */
  readonly builds: readonly (readonly string[])[];
  /** What of /out goes where in the service's folder, with `*` in the names; into a folder if `to` ends with `/`. */
  readonly files: readonly { readonly from: string; readonly to: string }[];
  /** Node's arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** A build of a checkout: the files of both services and how their images run them. */
export interface Image {
  readonly recipes: Readonly<Record<ServiceName, ImageRecipe>>;
  /** What the image has as /out. */
  readonly out: string;
}

const OUT = "/out";
const BUILD_TIMEOUT_MS = 180_000;
const run = promisify(execFile);

/** Reads the Dockerfile, so that what is measured is built and run as what is shipped. */
export function readRecipe(dockerfile: string, service: ServiceName): ImageRecipe {
  const stages = dockerfile.split(/^FROM /m).slice(1);
  const builds = stages.flatMap((stage) => listsAfter("RUN", stage).filter((words) => words.includes(OUT)));
  const own = stageOf(service, stages);
  const [command] = listsAfter("CMD", own);
  if (command === undefined || builds.length === 0) throw new Error("the Dockerfile is not understood");
  const files = [...own.matchAll(/^COPY --from=\S+ (.+)$/gm)].flatMap(([, words = ""]) => {
    const paths = words.split(/\s+/).filter((word) => word !== "" && !word.startsWith("--"));
    const target = paths.pop() ?? "";
    const isFolder = paths.length > 1 || /^\.?\/?$|\/$/.test(target);
    return paths
      .filter((path) => path.startsWith(`${OUT}/`))
      .map((path) => ({ from: path.slice(OUT.length + 1), to: isFolder ? `${join(".", target, ".")}/` : target }));
  });
  const settings = [...own.matchAll(/^ENV (.+)$/gm)].flatMap(([, line = ""]) => [
    ...line.matchAll(/(\w+)=("[^"]*"|\S+)/g),
  ]);
  const environment = settings.map(([, name = "", value = ""]) => [name, value.replaceAll('"', "")]);
  return { builds, files, command, environment: Object.fromEntries(environment) };
}

/** The stage of this name, after those that it stands on; empty where there is none. */
function stageOf(name: string, stages: readonly string[]): string {
  const stage = stages.find((one) => one.split("\n")[0]?.endsWith(` AS ${name}`));
  return stage === undefined ? "" : `${stageOf(stage.split(/\s/)[0] ?? "", stages)}\n${stage}`;
}

/** The services of checkouts, each built when it is first asked for, into a folder of its own. */
export class Images {
  readonly #folder: string;
  readonly #built = new Map<string, Promise<Image>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  of(checkout: string): Promise<Image> {
    const built = this.#built.get(checkout) ?? buildImage(checkout, join(this.#folder, `out-${this.#built.size}`));
    this.#built.set(checkout, built);
    return built;
  }
}

/** By the commands that the Dockerfile has for it. */
async function buildImage(checkout: string, out: string): Promise<Image> {
  const dockerfile = readFileSync(join(checkout, "infra/image/Dockerfile"), "utf8");
  const recipes = { api: readRecipe(dockerfile, "api"), worker: readRecipe(dockerfile, "worker") };
  mkdirSync(out, { recursive: true });
  for (const [, ...words] of recipes.api.builds) {
    const args = words.map((word, index) => {
      if (word === OUT) return out;
      // The Node that runs in the image is another file there, and this one here.
      return words[index - 1] === "--node" ? process.execPath : word;
    });
    await run(process.execPath, args, { cwd: checkout, timeout: BUILD_TIMEOUT_MS });
  }
  return { recipes, out };
}

/** What of a build goes into a service's image, by its path in /out. Throws when something was not built. */
export function filesOf({ recipes, out }: Image, name: ServiceName): { readonly from: string; readonly to: string }[] {
  return recipes[name].files.flatMap(({ from, to }) => {
    const sources = globSync(from, { cwd: out });
    if (sources.length === 0) throw new Error(`the build of the ${name} has no ${from}`);
    return sources.map((source) => ({ from: source, to: to.endsWith("/") ? join(to, basename(source)) : to }));
  });
}

/** Puts a service's files into a folder, as they lie in its image. */
export function installService(image: Image, name: ServiceName, folder: string): void {
  for (const { from, to } of filesOf(image, name)) cpSync(join(image.out, from), join(folder, to), { recursive: true });
}

/** What stands behind an instruction in the form of a list. */
function listsAfter(instruction: string, stage: string): string[][] {
  return [...stage.matchAll(new RegExp(`^${instruction} (\\[.*\\])$`, "gm"))].map(
    ([, list = "[]"]) => JSON.parse(list) as string[],
  );
}
