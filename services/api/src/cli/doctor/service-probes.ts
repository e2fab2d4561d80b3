import { at, listAt, textAt, textsAt } from "@draftmill/shared/doctor/json-answer.ts";
import { type Finding, judge, ok, type Trail, type Verdict, wrong } from "@draftmill/shared/doctor/probe.ts";
import { quoted } from "../shell-word.ts";
import { type DeployedService, readDeployment, servicePath } from "./deployment.ts";
import { grantsIn, grantsOf, serviceAccount } from "./iam-policy.ts";
import { type OperatorContext, type OperatorProbe, terraformMakes } from "./operator-context.ts";

const RUN = "run.googleapis.com";
/** A delivery is held for up to nine minutes (pacing), and its acknowledgement deadline is ten. */
const WORKER_TIMEOUT_S = 600;
const EVERYBODY = ["allUsers", "allAuthenticatedUsers"];

const worker: OperatorProbe = {
  id: "worker",
  title: "Worker service",
  needs: [`apis:${RUN}`, "accounts:worker"],
  async run(context, trail) {
    const { worker: deployed, pushAudience, accounts } = await readDeployment(context, trail);
    const found = await readyService(context, deployed, trail);
    if ("status" in found) return found;
    const { service } = found;
    const update = updateOf(context, deployed.name);
    const findings: Finding[] = [];
    const seconds = Number.parseFloat(textAt(service, "template", "timeout") ?? "0");
    if (seconds < WORKER_TIMEOUT_S) {
      const said = `its timeout is ${seconds} s: a delivery that waits for Gmail's quota would be cut off`;
      findings.push({ said, remedies: [`${update} --timeout=${WORKER_TIMEOUT_S}`] });
    }
    if (textAt(service, "ingress") === "INGRESS_TRAFFIC_ALL") {
      findings.push({ said: "it can be reached from the internet", remedies: [`${update} --ingress=internal`] });
    }
    const audiences = [...textsAt(service, "customAudiences"), ...urlsOf(service)];
    if (pushAudience !== null && !audiences.includes(pushAudience)) {
      const said = `PUSH_AUDIENCE ${pushAudience} is none of its audiences, so Cloud Run refuses each push`;
      findings.push({ said, remedies: [`${update} --add-custom-audiences=${quoted(pushAudience)}`] });
    }
    return judge(findings, `ready, runs as ${accounts.worker}, not reached from the internet`);
  },
};

const workerInvokers: OperatorProbe = {
  id: "worker-invokers",
  title: "Who may call the worker",
  needs: ["worker", "accounts:push"],
  async run(context, trail) {
    const { project, region, google } = context;
    const { worker: deployed, accounts } = await readDeployment(context, trail);
    const path = `${servicePath(context, deployed.name)}:getIamPolicy`;
    const policy = await google.ask({ api: RUN, path }, trail);
    const where = `${deployed.name} --region=${region} --project=${project}`;
    const findings: Finding[] = openings(deployed, policy, where).map(({ said, remedies }) => ({
      said: `${said}: anybody can forge pushes`,
      remedies,
    }));
    const invokers = await grantsOf("run.routes.invoke", [policy], context, trail);
    const push = serviceAccount(accounts.push);
    if (!invokers.some(({ member }) => member === push)) {
      findings.push({
        said: `${accounts.push} may not call it, so no request is delivered`,
        remedies: [`gcloud run services add-iam-policy-binding ${where} --member=${push} --role=roles/run.invoker`],
      });
    }
    return judge(findings, `${accounts.push} and nobody from outside`);
  },
};

const api: OperatorProbe = {
  id: "api",
  title: "Api service",
  needs: [`apis:${RUN}`, "accounts:api"],
  async run(context, trail) {
    const { api: deployed, accounts } = await readDeployment(context, trail);
    const found = await readyService(context, deployed, trail);
    return "status" in found ? found : ok(`ready at ${urlsOf(found.service)[0]}, runs as ${accounts.api}`);
  },
};

const callersMode: OperatorProbe = {
  id: "auth-mode",
  title: "How the api knows its callers",
  needs: ["api"],
  async run(context, trail) {
    const { project, region, google } = context;
    const { api: deployed } = await readDeployment(context, trail);
    const policy = await google.ask({ api: RUN, path: `${servicePath(context, deployed.name)}:getIamPolicy` }, trail);
    const where = `${deployed.name} --region=${region} --project=${project}`;
    const open = openings(deployed, policy, where);
    const mode = deployed.env.AUTH_MODE ?? "none given";
    switch (mode) {
      case "iam":
        return judge(
          open.map(({ said, remedies }) => ({ said: `${said}: anybody can claim to be anybody`, remedies })),
          "Cloud Run checks them (AUTH_MODE=iam)",
        );
      case "oidc":
        if (open.length > 0) return ok("the api checks them (AUTH_MODE=oidc)");
        return wrong(
          "AUTH_MODE is oidc and Cloud Run checks callers too: it removes the signature that the api verifies",
          `${updateOf(context, deployed.name)} --update-env-vars=AUTH_MODE=iam`,
        );
      default:
        return wrong(
          `AUTH_MODE is ${mode}: nobody is asked who they are`,
          `${updateOf(context, deployed.name)} --update-env-vars=AUTH_MODE=iam`,
        );
    }
  },
};

const mailboxes: OperatorProbe = {
  id: "mailboxes",
  title: "Mailboxes that may be drafted for",
  needs: ["api", "worker"],
  async run(context, trail) {
    const { api: deployed, worker: other } = await readDeployment(context, trail);
    const fence = ({ env }: DeployedService): string => env.MAILBOXES ?? env.GMAIL_USER ?? "none";
    if (fence(deployed) === fence(other)) return ok(`${fence(other)}, the same in both services`);
    return wrong(
      `${deployed.name} has ${fence(deployed)} and ${other.name} has ${fence(other)}: what the one accepts the other refuses`,
      `${updateOf(context, other.name)} --update-env-vars=${quoted(`^;^MAILBOXES=${fence(deployed)}`)}`,
    );
  },
};

const doctorJob: OperatorProbe = {
  id: "doctor-job",
  title: "The worker's half of the doctor",
  needs: [`apis:${RUN}`, "accounts:worker"],
  async run(context, trail) {
    const { project, region, google } = context;
    const { doctorJob: name, accounts } = await readDeployment(context, trail);
    const path = `/v2/projects/${project}/locations/${region}/jobs/${name}`;
    const job = await google.find({ api: RUN, path }, trail);
    if (job === null) return wrong(`there is no job ${name} in ${region}`, terraformMakes(name));
    const runsAs = textAt(job, "template", "template", "serviceAccount") ?? "the project's default account";
    if (runsAs === accounts.worker) return ok(`${name} runs as ${accounts.worker}`);
    return wrong(
      `${name} runs as ${runsAs}, so what it tells is not true of the worker`,
      `gcloud run jobs update ${name} --region=${region} --project=${project} --service-account=${accounts.worker}`,
    );
  },
};

/** The service, or the verdict on one that is not there or not ready. */
async function readyService(
  context: OperatorContext,
  { name }: DeployedService,
  trail: Trail,
): Promise<{ readonly service: unknown } | Verdict> {
  const { google, region, project } = context;
  const service = await google.find({ api: RUN, path: servicePath(context, name) }, trail);
  if (service === null) return wrong(`there is no service ${name} in ${region}`, terraformMakes(name));
  if (textAt(service, "terminalCondition", "state") === "CONDITION_SUCCEEDED") return { service };
  const why = textAt(service, "terminalCondition", "message") ?? "Cloud Run does not say why";
  return wrong(
    `${name} is not ready: ${why}`,
    `gcloud logging read 'resource.type="cloud_run_revision" AND resource.labels.service_name="${name}" AND severity>=WARNING' --project=${project} --freshness=1h`,
  );
}

/** By which everybody may call it. */
function openings({ service }: DeployedService, policy: unknown, where: string): Finding[] {
  const everybody = grantsIn(policy).filter(({ member }) => EVERYBODY.includes(member));
  const findings = everybody.map(({ member, role }) => ({
    said: `${member} has ${role} on it`,
    remedies: [`gcloud run services remove-iam-policy-binding ${where} --member=${member} --role=${role}`],
  }));
  if (at(service, "invokerIamDisabled") !== true) return findings;
  return [
    ...findings,
    { said: "its invoker check is off", remedies: [`gcloud run services update ${where} --invoker-iam-check`] },
  ];
}

function updateOf({ region, project }: OperatorContext, name: string): string {
  return `gcloud run services update ${name} --region=${region} --project=${project}`;
}

/** Every URL of a service: https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services */
export function urlsOf(service: unknown): readonly string[] {
  const uri = textAt(service, "uri");
  return [...new Set([...(uri === null ? [] : [uri]), ...listAt(service, "urls").map(String)])];
}

export const SERVICE_PROBES: readonly OperatorProbe[] = [
  worker,
  workerInvokers,
  api,
  callersMode,
  mailboxes,
  doctorJob,
];
