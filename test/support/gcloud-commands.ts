import { readdirSync } from "node:fs";
import { ROOT, readText, shellCommands } from "./readme.ts";

/** A command that somebody is told to run, and where. */
export interface ToldCommand {
  readonly path: string;
  readonly command: string;
}

const DOCUMENTS = ["infra/docs", "infra/image", "infra/terraform", "shared/src", "services/api", "services/worker"];
const CODE = ["shared/src", "services/api/src", "services/worker/src", "infra/local", "infra/terraform"];

function filesUnder(folder: string, ends: RegExp): readonly string[] {
  return readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: "utf8" })
    .map((path) => `${folder}/${path}`)
    .filter((path) => ends.test(path) && !path.includes("node_modules") && !path.includes(".terraform/"));
}

/** Every gcloud command of the documents but the README, which has a test of its own. */
export function documentedCommands(): readonly ToldCommand[] {
  const paths = new Set(DOCUMENTS.flatMap((folder) => filesUnder(folder, /\.md$/)));
  return [...paths].flatMap((path) => {
    // A block may stand in a list.
    const text = readText(path).replaceAll(/^ {1,4}(?=\S)/gm, "");
    const blocks = shellCommands(text).flatMap(({ command }) => unrolled(command).slice(0, 1));
    const inline = [...text.matchAll(/`(gcloud [^`]*)`/g)].map(([, code = ""]) => code);
    return [...blocks, ...inline].flatMap((command) => gcloudIn(command).map((found) => ({ path, command: found })));
  });
}

/** Its remedies are put together of parts; test/e2e/doctor has gcloud look at them as they are printed. */
const DOCTOR = "services/api/src/cli/doctor/";

/** Every gcloud command in a text that the code may show: remedies, refusals, descriptions of variables. */
export function shownCommands(): readonly ToldCommand[] {
  const paths = CODE.flatMap((folder) => filesUnder(folder, /\.(?:ts|js|tf)$/));
  return paths
    .filter((path) => !path.startsWith(DOCTOR))
    .flatMap((path) =>
      readText(path)
        .split("\n")
        .filter((line) => line.includes("gcloud ") && !/^\s*(?:\*|\/\/|\/\*|#)/.test(line))
        .map((line) => (path.endsWith(".tf") ? line.replace(/ # .*$/, "") : line))
        .flatMap((line) => gcloudIn(line.replaceAll('\\"', '"')).map((command) => ({ path, command }))),
    );
}

/** `for x in a b; do …; done`, once for each. */
export function unrolled(command: string): readonly string[] {
  const [, name, values = "", body = ""] = /^for (\w+) in ([^;]+); do (.*); done$/.exec(command) ?? [];
  return name === undefined ? [command] : values.split(" ").map((value) => body.replaceAll(`$${name}`, value));
}

/**
 * The commands in a text, as words: up to what ends one in prose or in a shell. What stands for a value (`{project}`, `$PROJECT`,
 * `${var.project_id}`) becomes one that the linter takes.
 */
function gcloudIn(text: string): readonly string[] {
  const inner = [...text.matchAll(/\$\((gcloud [^)]*)\)/g)].flatMap(([, command = ""]) => gcloudIn(command));
  const filledIn = text
    .replaceAll(/\$?\{\w*[sS]erviceAccount\}/g, "value-1@my-project.iam.gserviceaccount.com")
    .replaceAll(/\$\{[^}]*\}|\{[\w.]+\}|"?\$\([^)]*\)"?|\$[A-Za-z_]+/g, "value-1");
  // A word may hold quotes; what else stands in prose after a command, or in a shell, ends it.
  const found = filledIn.matchAll(
    /\bgcloud (?:beta |alpha )?[a-z][\w-]*(?: (?:'[^']*'|[^\s'"`();|,]|,(?=\S)|(?<==)"[^"]*")+)*/g,
  );
  const outer = [...found]
    .map(([command]) =>
      command.replace(/[.:]+$/, "").replace(/ (?:is|says|has|shows|with|that|to|and|for|them|prints)\b.*$/, ""),
    )
    .filter((command) => command.split(" ").length > 2);
  return [...inner, ...outer];
}
