import type { OperatorContext } from "./operator-context.ts";

/** The image's own command line; an execution's arguments take its place, so that they have to repeat it. */
const IMAGE_ARGS = ["--permission", "--allow-fs-read=*", "doctor.mjs"];

/** The commands that run the worker's half, and that show what it said. */
export function workerHalf({ project, region, prefix, mailbox }: OperatorContext): readonly string[] {
  const args = [...IMAGE_ARGS, `--mailbox=${mailbox ?? "ADDRESS"}`].join(",");
  const job = `${prefix}-doctor`;
  return [
    `gcloud run jobs execute ${job} --project=${project} --region=${region} --wait --args='${args}'`,
    `gcloud logging read 'resource.type="cloud_run_job" AND resource.labels.job_name="${job}"' --project=${project} --freshness=10m --order=asc --format='value(textPayload)'`,
  ];
}
