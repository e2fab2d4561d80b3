import type { Clock } from "@draftmill/shared/clock.ts";
import { printReport } from "@draftmill/shared/doctor/print-report.ts";
import { CannotTell, type Probe, wrong } from "@draftmill/shared/doctor/probe.ts";
import { exitCodeOf, makeReport, type Question, type Report } from "@draftmill/shared/doctor/report.ts";
import { runProbes } from "@draftmill/shared/doctor/run-probes.ts";
import { asOrigin, type Environment, EnvironmentError } from "@draftmill/shared/env.ts";
import { readWorkerConfig, type WorkerConfig } from "../config.ts";
import { DOCTOR_HELP, type DoctorOptions, parseDoctorOptions } from "./doctor-options.ts";
import { IDENTITY_PROBES, notOverGranted, PLAIN_PROBES } from "./identity-probes.ts";
import { draftProbe, MAILBOX_PROBES, markerProbe } from "./mailbox-probes.ts";
import { PLACE_PROBES } from "./place-probes.ts";
import { openWorkerContext, type WorkerProbe } from "./worker-context.ts";

export interface DoctorRun {
  readonly args: readonly string[];
  readonly environment: Environment;
  readonly clock: Clock;
  write(text: string): void;
}

/** With the start of the process it makes less than 15 seconds. */
const WITHIN_MS = 14_000;
/** Measuring waits for a list that may lag. */
const LIVE_WITHIN_MS = 120_000;

/** What everybody asks first. The api's state takes the operator's rights; that it is off shows here all the same. */
const QUESTIONS: readonly Question[] = [
  { asks: "Are the Gmail and the IAM Credentials API enabled?", probes: ["signing", "gmail"] },
  { asks: "Does the service account exist, and may it sign as itself?", probes: ["identity", "signing"] },
  { asks: "Is domain-wide delegation granted, with the scope?", probes: ["delegation"] },
  { asks: "Does the mailbox exist, with Gmail turned on?", probes: ["user", "gmail"] },
];

/** The worker's half from its command line to its exit code: 0 well, 1 wrong, 2 usage, 3 cannot tell. Writes the report. */
export async function runDoctor(run: DoctorRun): Promise<0 | 1 | 2 | 3> {
  const options = parseDoctorOptions(run.args);
  if (options === "help" || "fault" in options) {
    run.write(options === "help" ? DOCTOR_HELP : `${options.fault}\n\n${DOCTOR_HELP}`);
    return options === "help" ? 0 : 2;
  }
  const report = await examine(run, options);
  run.write(options.json ? `${JSON.stringify(report)}\n` : printReport(report));
  return exitCodeOf(report);
}

async function examine({ environment, clock }: DoctorRun, options: DoctorOptions): Promise<Report> {
  const source = { half: "worker", questions: QUESTIONS, next: nextOf(options) } as const;
  let config: WorkerConfig;
  let apisEndpoint: string | undefined;
  try {
    config = readWorkerConfig(environment);
    const { GOOGLE_APIS_ENDPOINT: endpoint } = environment;
    apisEndpoint = endpoint === undefined || endpoint === "" ? undefined : asOrigin(endpoint);
  } catch (error) {
    const problems = error instanceof EnvironmentError ? error.problems : [`GOOGLE_APIS_ENDPOINT ${error}`];
    const probes = await runProbes([environmentProbe(problems)], null, { clock, withinMs: WITHIN_MS });
    return makeReport({ ...source, about: options.mailbox ?? "no mailbox", probes });
  }
  const [firstAllowed = null] = config.mailboxes.addresses;
  const mailbox = options.mailbox ?? config.defaultMailbox ?? firstAllowed;
  const context = openWorkerContext({ config, mailbox: mailbox ?? "", clock, apisEndpoint });
  const withinMs = options.live ? LIVE_WITHIN_MS : WITHIN_MS;
  const asked = mailbox === null ? [...PLAIN_PROBES, noMailbox, ...PLACE_PROBES] : probesFor(options);
  const probes = await runProbes(asked, context, { clock, withinMs });
  return makeReport({ ...source, about: mailbox ?? "no mailbox", probes });
}

/** Every question that the options ask for, in the order of the report. */
export function probesFor({
  write,
  live,
  strict,
}: Pick<DoctorOptions, "write" | "live" | "strict">): readonly WorkerProbe[] {
  return [
    ...IDENTITY_PROBES,
    ...MAILBOX_PROBES,
    ...(write ? [draftProbe] : []),
    ...(live ? [markerProbe] : []),
    ...PLACE_PROBES,
    ...(strict ? [notOverGranted] : []),
  ];
}

/** In place of all that is asked for a mailbox. */
const noMailbox: WorkerProbe = {
  id: "user",
  title: "Mailbox",
  needs: [],
  async run() {
    const said =
      "neither GMAIL_USER nor MAILBOXES names one, and no --mailbox is given: neither delegation nor Gmail can be proved";
    throw new CannotTell(said, ["Add --mailbox=ADDRESS to the job's arguments."]);
  },
};

/** Where the worker would not even start. */
function environmentProbe(problems: readonly string[]): Probe<null> {
  return {
    id: "environment",
    title: "The worker's environment",
    needs: [],
    run: async () =>
      wrong(problems.join("; "), "Correct the variables of the worker and of this job, which have to be the same."),
  };
}

function nextOf({ write, live, strict }: DoctorOptions): readonly string[] {
  return [
    ...(write ? [] : ["--write makes a draft and deletes it again"]),
    ...(live ? [] : ["--live measures whether drafts can be found again"]),
    ...(strict ? [] : ["--strict asks for scopes that should be refused"]),
  ];
}
