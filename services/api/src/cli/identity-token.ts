import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { CliError } from "./cli-error.ts";
import type { Terminal } from "./terminal.ts";

const run = promisify(execFile);
const GCLOUD_WITHIN_MS = 30_000;

/**
 * A Google identity token of whoever is logged in with gcloud, for this audience. It is kept in memory only. Of the three kinds of accounts
 * that gcloud knows one takes both options, a service account's key refuses the second, and a person's account both.
 */
export async function identityToken(
  audience: string,
  { env, signal }: Terminal,
  impersonate?: string,
): Promise<string> {
  const variants = [[`--audiences=${audience}`, "--include-email"], [`--audiences=${audience}`], []];
  const account = impersonate === undefined ? [] : [`--impersonate-service-account=${impersonate}`];
  for (const [n, variant] of variants.entries()) {
    try {
      const args = ["auth", "print-identity-token", "--quiet", ...account, ...variant];
      const { stdout } = await run("gcloud", args, { timeout: GCLOUD_WITHIN_MS, signal, env: { ...env } });
      return stdout.trim();
    } catch (error) {
      signal.throwIfAborted();
      if (n === variants.length - 1 || !/invalid account type/i.test(said(error))) throw refusal(error);
    }
  }
  throw new CliError("no identity token from gcloud");
}

function refusal(error: unknown): CliError {
  if (error instanceof Error && "code" in error && error.code === "ENOENT")
    return new CliError("there is no token, and gcloud is not installed to make one", {
      next: "https://cloud.google.com/sdk/docs/install, or give DRAFTMILL_TOKEN or --token-file",
    });
  const why =
    said(error)
      .trim()
      .split("\n")
      .find((line) => line.includes("ERROR")) ?? "it failed";
  return new CliError(`no identity token from gcloud: ${why}`, { next: "gcloud auth login" });
}

function said(error: unknown): string {
  return typeof error === "object" && error !== null && "stderr" in error ? String(error.stderr) : "";
}
