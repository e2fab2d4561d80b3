import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** A body and the message that it should be: "monitoring", "v1", "Dashboard". */
export type ApiBody = readonly [api: string, version: string, message: string, body: unknown];

const run = promisify(execFile);
const WITHIN_MS = 60_000;

/** The fields of these bodies that Google's API would not know, by gcloud's own copies of its messages. Nothing is sent. */
export async function unknownFields(gcloud: string, bodies: readonly ApiBody[]): Promise<readonly string[]> {
  const asked = ["info", '--format=value[separator="|"](installation.sdk_root,basic.python_location)'];
  const { stdout: told } = await run(gcloud, asked, { timeout: WITHIN_MS });
  const [root = "", python = ""] = told.trim().split("|");
  const checking = run(python, [join(import.meta.dirname, "api-messages.py"), root], { timeout: WITHIN_MS });
  checking.child.stdin?.end(JSON.stringify(bodies));
  return JSON.parse((await checking).stdout) as readonly string[];
}
