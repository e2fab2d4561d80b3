/**
 * Writes infra/docs/licences.md from the lockfile. A test compares the two.
 *
 *   node infra/image/licences.mjs
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { lockedPackages } from "./locked-packages.mjs";

/** The document, as it has to be. */
export function licencesDocument(lockPath) {
  const seen = new Map(lockedPackages(lockPath).map((one) => [`${one.name} ${one.version}`, one]));
  const rows = [...seen.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const counts = Object.entries(Object.groupBy(rows, ({ licence }) => licence))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([licence, some]) => `${licence} ${some.length}`);
  const cells = [
    ["package", "version", "licence"],
    ...rows.map(({ name, version, licence }) => [name, version, licence]),
  ];
  return `# Licences

What runs in production or under \`npm start\`, from package-lock.json: ${rows.length} packages (${counts.join(", ")}).
Written by \`node infra/image/licences.mjs\`, which refuses a licence that is not on its list.

${table(cells)}
`;
}

/** A table as the formatter wants it. */
function table([head, ...rows]) {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

function key({ name, version }) {
  return `${name} ${version}`;
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, "../docs/licences.md"), licencesDocument());
