import type { OperatorContext } from "./operator-context.ts";

/** The commands that run the worker's half, and that show what it said. */
export function workerHalf({ project, region, prefix, mailbox }: OperatorContext): readonly string[] {
  // An execution's arguments take the place of the job's own: https://cloud.google.com/run/docs/execute/jobs#override-job-configuration
  const args = `doctor.mjs,--mailbox=${mailbox ?? "ADDRESS"}`;
  const job = `${prefix}-doctor`;
  return [
    `gcloud run jobs execute ${job} --project=${project} --region=${region} --wait --args=${args}`,
    `gcloud logging read 'resource.type="cloud_run_job" AND resource.labels.job_name="${job}"' --project=${project} --freshness=10m --order=asc --format='value(textPayload)'`,
  ];
}
