import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The repository's root, ending in a slash. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A command as a reader would paste it, and the heading under which it stands. */
export interface ShellCommand {
  readonly heading: string;
  readonly command: string;
}

export function readText(path: string): string {
  return readFileSync(`${ROOT}${path}`, "utf8");
}

/** The first table under the heading, line by line, without the padding of its columns. Throws when there is none. */
export function tableUnder(markdown: string, heading: string): string[] {
  const lines = markdown.split("\n");
  const from = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, "") === heading);
  if (from < 0) throw new Error(`there is no heading "${heading}"`);
  const section = lines.slice(from + 1);
  const end = section.findIndex((line) => /^#{1,6} /.test(line));
  const body = end < 0 ? section : section.slice(0, end);
  const start = body.findIndex((line) => line.startsWith("|"));
  if (start < 0) throw new Error(`there is no table under "${heading}"`);
  const rest = body.slice(start);
  const after = rest.findIndex((line) => !line.startsWith("|"));
  return (after < 0 ? rest : rest.slice(0, after)).map(unpadded);
}

function unpadded(line: string): string {
  const cells = line.split(/(?<!\\)\|/).slice(1, -1);
  return `| ${cells.map((cell) => cell.trim().replace(/^-+$/, "---")).join(" | ")} |`;
}

/** A table as the README must hold it: compare with {@link tableUnder}. */
export function writeTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)];
}

/** Every command of the fenced `sh` blocks, in order. A line that ends in a backslash goes on in the next. */
export function shellCommands(markdown: string): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let heading = "";
  let isShell = false;
  let isFenced = false;
  let begun = "";
  for (const line of markdown.split("\n")) {
    if (line.startsWith("```")) {
      isFenced = !isFenced;
      isShell = isFenced && line === "```sh";
    } else if (!isFenced && /^#+ /.test(line)) {
      heading = line.replace(/^#+ /, "");
    } else if (isShell && line.trim() !== "" && !line.startsWith("#")) {
      begun += line.endsWith("\\") ? line.slice(0, -1) : line;
      if (line.endsWith("\\")) continue;
      commands.push({ heading, command: begun });
      begun = "";
    }
  }
  return commands;
}

/** The languages of the fenced blocks, in order: a block without one is the empty text. */
export function fenceLanguages(markdown: string): string[] {
  return markdown
    .split("\n")
    .filter((line) => line.startsWith("```"))
    .filter((_, index) => index % 2 === 0)
    .map((line) => line.slice(3));
}
