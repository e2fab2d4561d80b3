import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { after } from "node:test";
import { COMMANDS } from "@draftmill/api/cli/commands.ts";
import { runCommand } from "@draftmill/api/cli/run-command.ts";
import type { SandboxGoogle } from "@draftmill/local/google/start-google.ts";
import { startGoogle } from "@draftmill/local/google/start-google.ts";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { type Clock, systemClock } from "@draftmill/shared/clock.ts";
import type { Report } from "@draftmill/shared/doctor/report.ts";
import { runDoctor } from "@draftmill/worker/doctor/run-doctor.ts";

export const PROJECT = "acme-drafts";
export const MAILBOX = "rep@example.com";

const folder = mkdtempSync(join(tmpdir(), "draftmill-doctor-"));
const ledgerPath = join(folder, "ledger.db");
after(() => rmSync(folder, { recursive: true, force: true }));

/** What one half printed, and what it exited with. */
export interface Ran {
  readonly code: number;
  readonly printed: string;
}

/** A sandbox Google whose project has Draftmill deployed under the names that Terraform gives. */
export async function startDeployedGoogle(): Promise<SandboxGoogle> {
  const google = await startGoogle({
    statePath: ":memory:",
    signer: await createIdTokenSigner(),
    projectId: PROJECT,
    serviceAccount: `draftmill-worker@${PROJECT}.iam.gserviceaccount.com`,
  });
  haveMetadataServer(google.environment().GCE_METADATA_HOST ?? "");
  return google;
}

/** Google's library looks for it in the environment of the process, which is the test's. */
export function haveMetadataServer(hostPort: string): void {
  process.env.GCE_METADATA_HOST = hostPort;
  process.env.METADATA_SERVER_DETECTION = "assume-present";
}

/** `draftmill doctor` as a person runs it, but for the process. */
export async function operatorHalf(google: SandboxGoogle, ...args: readonly string[]): Promise<Ran> {
  const printed: string[] = [];
  const output = {
    isTty: false,
    columns: () => 80,
    write: async (text: string) => {
      printed.push(text);
    },
  };
  const code = await runCommand(COMMANDS, ["doctor", ...args], {
    stdout: output,
    stderr: output,
    stdin: new PassThrough(),
    canAsk: false,
    env: google.environment(),
    signal: new AbortController().signal,
    clock: systemClock,
  });
  return { code, printed: printed.join("") };
}

/** What the job runs, with the environment that Terraform gives it. */
export async function workerHalf(
  google: SandboxGoogle,
  args: readonly string[] = [`--mailbox=${MAILBOX}`],
  environment: Readonly<Record<string, string>> = {},
  clock: Clock = systemClock,
): Promise<Ran> {
  const printed: string[] = [];
  const code = await runDoctor({
    args,
    environment: {
      ...google.environment(),
      MAILBOXES: "@example.com",
      GOOGLE_SERVICE_ACCOUNT_EMAIL: google.serviceAccount,
      PUSH_AUDIENCE: "https://worker.example.test",
      PUSH_SERVICE_ACCOUNT: `draftmill-push@${PROJECT}.iam.gserviceaccount.com`,
      LEDGER_URL: `sqlite:${ledgerPath}`,
      BATCH_TOPIC: "draft-requests-batch",
      BATCH_SUBSCRIPTION: "draft-requests-batch-push",
      ...environment,
    },
    clock,
    write: (text) => printed.push(text),
  });
  return { code, printed: printed.join("") };
}

export function reportOf({ printed }: Ran): Report {
  return JSON.parse(printed) as Report;
}
