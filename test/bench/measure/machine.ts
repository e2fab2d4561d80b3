import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, loadavg, release, totalmem } from "node:os";

const require = createRequire(import.meta.url);
const LIBRARIES = [
  "@google-cloud/pubsub",
  "googleapis",
  "google-auth-library",
  "gaxios",
  "fastify",
  "ajv",
  "nodemailer",
  "undici",
];

/** What the figures were taken on, one line each. */
export function describeMachine(): readonly string[] {
  const [cpu] = cpus();
  return [
    `${cpus().length} × ${cpu?.model.trim() ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
    `Node ${process.versions.node}, V8 ${process.versions.v8}, ${LIBRARIES.flatMap(versionOf).join(", ")}`,
  ];
}

/** Of the minute before: what others did on this machine while it was measured. */
export function busyness(): number {
  return loadavg()[0] ?? Number.NaN;
}

function versionOf(name: string): string[] {
  try {
    const folder = require.resolve.paths(name)?.find((path) => readable(`${path}/${name}/package.json`) !== null);
    const { version } = JSON.parse(readable(`${folder}/${name}/package.json`) ?? "{}") as { version?: string };
    return version === undefined ? [] : [`${name} ${version}`];
  } catch {
    return [];
  }
}

function readable(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
