import { textAt } from "@draftmill/shared/doctor/json-answer.ts";
import { type Finding, judge, wrong } from "@draftmill/shared/doctor/probe.ts";
import { readDeployment } from "./deployment.ts";
import { type OperatorProbe, terraformMakes } from "./operator-context.ts";
import { urlsOf } from "./service-probes.ts";

export const sweep: OperatorProbe = {
  id: "sweep",
  title: "The sweep",
  needs: ["apis:cloudscheduler.googleapis.com", "worker", "accounts:push"],
  async run(context, trail) {
    const { google, project, region } = context;
    const { sweepJob: name, worker, accounts, pushAudience } = await readDeployment(context, trail);
    const path = `/v1/projects/${project}/locations/${region}/jobs/${name}`;
    const job = await google.find({ api: "cloudscheduler.googleapis.com", path }, trail);
    if (job === null) return wrong(`there is no job ${name} in ${region}: nothing is put right`, terraformMakes(name));
    const where = `${name} --location=${region} --project=${project}`;
    const findings: Finding[] = [];
    const state = textAt(job, "state");
    if (state !== "ENABLED") {
      findings.push({ said: `${name} is ${state}`, remedies: [`gcloud scheduler jobs resume ${where}`] });
    }
    const targets = urlsOf(worker.service).map((url) => `${url}/sweep`);
    const update = `gcloud scheduler jobs update http ${where}`;
    if (!targets.includes(textAt(job, "httpTarget", "uri") ?? "")) {
      const said = `${name} calls ${textAt(job, "httpTarget", "uri")}, which is not the worker's sweep`;
      findings.push({ said, remedies: [`${update} --uri=${targets[0]}`] });
    }
    const signer = textAt(job, "httpTarget", "oidcToken", "serviceAccountEmail");
    const audience = textAt(job, "httpTarget", "oidcToken", "audience");
    if (signer !== accounts.push || (pushAudience !== null && audience !== pushAudience)) {
      const said = `${name} calls as ${signer ?? "nobody"} for ${audience ?? "no audience"}, which the worker refuses`;
      const token = `--oidc-service-account-email=${accounts.push} --oidc-token-audience=${pushAudience}`;
      findings.push({ said, remedies: [`${update} ${token}`] });
    }
    return judge(findings, `${name} calls it: ${textAt(job, "schedule")}`);
  },
};
