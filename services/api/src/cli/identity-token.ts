import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { CliError } from "./cli-error.ts";
import type { Terminal } from "./terminal.ts";

const run = promisify(execFile);
const GCLOUD_WITHIN_MS = 30_000;

/**
 * A Google identity token of whoever is logged in with gcloud, for this audience. It is kept in memory only. A person's account cannot
 * choose an audience (https://cloud.google.com/sdk/gcloud/reference/auth/print-identity-token); a service account has to.
 */
export async function identityToken(audience: string, { env, signal }: Terminal): Promise<string> {
  const gcloud = async (...more: string[]): Promise<string> => {
    const args = ["auth", "print-identity-token", "--quiet", ...more];
    const { stdout } = await run("gcloud", args, { timeout: GCLOUD_WITHIN_MS, signal, env: { ...env } });
    return stdout.trim();
  };
  try {
    return await gcloud(`--audiences=${audience}`).catch((error: unknown) => {
      if (!/invalid account type/i.test(said(error))) throw error;
      return gcloud();
    });
  } catch (error) {
    signal.throwIfAborted();
    throw refusal(error);
  }
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
  return new CliError(`gcloud makes no identity token: ${why}`, { next: "gcloud auth login" });
}

function said(error: unknown): string {
  return typeof error === "object" && error !== null && "stderr" in error ? String(error.stderr) : "";
}
