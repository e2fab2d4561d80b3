import { readFile } from "node:fs/promises";
import { parseBareAddress } from "@draftmill/shared/contract/email-address.ts";
import { GoogleApis } from "@draftmill/shared/doctor/google-apis.ts";
import { operatorHeaders } from "@draftmill/shared/doctor/operator-credentials.ts";
import { printReport } from "@draftmill/shared/doctor/print-report.ts";
import { exitCodeOf, makeReport } from "@draftmill/shared/doctor/report.ts";
import { runProbes } from "@draftmill/shared/doctor/run-probes.ts";
import { asOrigin } from "@draftmill/shared/env.ts";
import { CliError, UsageError } from "../cli-error.ts";
import { defineCommand } from "../command.ts";
import { plainLines } from "../plain-text.ts";
import type { Terminal } from "../terminal.ts";
import { OPERATOR_PROBES, OPERATOR_QUESTIONS } from "./operator-probes.ts";
import { workerHalf } from "./worker-half.ts";

/** With the start of the process it makes less than 15 seconds. */
const WITHIN_MS = 14_000;
/** https://cloud.google.com/resource-manager/docs/creating-managing-projects#before_you_begin */
const PROJECT_ID = /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/;
const NAME_PART = /^[a-z][a-z0-9-]{1,30}$/;

export const doctor = defineCommand({
  name: "doctor",
  summary: "Look for what is wrong with a deployment",
  about: `Asks Google, with your own credentials (gcloud auth application-default login) and without changing anything, whether
everything is there that a draft needs, and says what to paste where it is not. Viewer and Security Reviewer are roles enough.
What takes the worker's identity is asked by the job that it names at the end. Exit codes: 0 all is well, 1 something
is wrong, 2 the command line is at fault, 3 something could not be told.`,
  positionals: [],
  options: {
    project: { type: "string", value: "PROJECT", help: "the project's id; else GOOGLE_CLOUD_PROJECT" },
    region: { type: "string", value: "REGION", help: "of the services; europe-west1 unless given" },
    prefix: { type: "string", value: "PREFIX", help: "how the resources' names begin; unless given, draftmill" },
    mailbox: { type: "string", value: "ADDRESS", help: "whose mailbox the job has to prove" },
    callers: { type: "string", value: "FILE", help: "hold this callers' file to what the api may do" },
  },
  examples: [
    { line: "draftmill doctor --project my-project --mailbox rep@corp.example", tells: "after a deployment" },
    { line: "draftmill doctor --project my-project --json > report.json", tells: "for a program" },
  ],
  async run({ options, json }, terminal) {
    const { project, region, prefix } = namesOf(options, terminal.env);
    const mailbox = mailboxOf(options.mailbox);
    const google = new GoogleApis({
      origin: originOf(terminal.env.GOOGLE_APIS_ENDPOINT),
      headers: operatorHeaders({ project, metadataOnly: Boolean(terminal.env.GCE_METADATA_HOST) }),
    });
    const callersFile = options.callers === undefined ? null : await bytesOf(options.callers);
    const nowMs = terminal.clock.nowMs();
    const context = { project, region, prefix, mailbox, callersFile, google, nowMs };
    const report = makeReport({
      half: "operator",
      about: `${project}, ${region}, ${prefix}`,
      questions: OPERATOR_QUESTIONS,
      probes: await runProbes(OPERATOR_PROBES, context, { clock: terminal.clock, withinMs: WITHIN_MS }),
      next: workerHalf(context),
    });
    await terminal.stdout.write(json ? `${JSON.stringify(report)}\n` : plainLines(printReport(report)));
    return exitCodeOf(report);
  },
});

function namesOf(
  { project, region = "europe-west1", prefix = "draftmill" }: Readonly<Record<string, string | undefined>>,
  env: Terminal["env"],
) {
  const id = project ?? env.GOOGLE_CLOUD_PROJECT;
  const help = "draftmill doctor --help";
  if (id === undefined || id === "") throw new UsageError("doctor needs --project PROJECT", help);
  if (!PROJECT_ID.test(id)) throw new UsageError(`${JSON.stringify(id)} is not a project's id`, "gcloud projects list");
  for (const [option, value] of Object.entries({ region, prefix })) {
    if (!NAME_PART.test(value)) throw new UsageError(`--${option} ${JSON.stringify(value)} cannot be right`, help);
  }
  return { project: id, region, prefix };
}

/** It becomes part of a command to paste. */
function mailboxOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  const parsed = parseBareAddress(text);
  if (!parsed.ok || !/^[\w.+-]+@[\w.-]+$/.test(parsed.value)) throw new UsageError(`--mailbox ${text} is no address`);
  return parsed.value;
}

function originOf(text: string | undefined): string | undefined {
  try {
    return text === undefined || text === "" ? undefined : asOrigin(text);
  } catch (error) {
    throw new UsageError(`GOOGLE_APIS_ENDPOINT ${error instanceof Error ? error.message : "is unusable"}`);
  }
}

async function bytesOf(path: string): Promise<Uint8Array> {
  return readFile(path).catch((error: unknown) => {
    throw new CliError(`the callers' file cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
}
