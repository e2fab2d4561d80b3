export interface ProjectNames {
  readonly project: string;
  readonly number: string;
  readonly region: string;
  readonly prefix: string;
  /** The accounts' addresses. */
  readonly worker: string;
  readonly api: string;
  readonly push: string;
  readonly nowMs: number;
}

export const ENABLED_APIS = [
  "gmail.googleapis.com",
  "iamcredentials.googleapis.com",
  "iam.googleapis.com",
  "cloudresourcemanager.googleapis.com",
  "run.googleapis.com",
  "pubsub.googleapis.com",
  "firestore.googleapis.com",
  "cloudscheduler.googleapis.com",
  "logging.googleapis.com",
  "monitoring.googleapis.com",
  "orgpolicy.googleapis.com",
] as const;

export const DATABASE = "draftmill";

/** Resources with their API and path. */
export type Entries = readonly (readonly [string, object])[];

/** Of anything: nobody compares them. */
export const ETAG = "BwYxG1Zq3xk=";

export function urlOf({ prefix, number, region }: ProjectNames, service: string): string {
  return `https://${prefix}-${service}-${number}.${region}.run.app`;
}

export function audienceOf({ prefix, project }: ProjectNames): string {
  return `https://${prefix}-worker.${project}.internal`;
}

export function agentOf({ number }: ProjectNames): string {
  return `serviceAccount:service-${number}@gcp-sa-pubsub.iam.gserviceaccount.com`;
}

export function signerRole({ project, prefix }: ProjectNames): string {
  return `projects/${project}/roles/${prefix.replaceAll("-", "_")}_jwt_signer`;
}

export function policy(...bindings: readonly (readonly [role: string, ...members: string[]])[]): object {
  return { version: 1, etag: ETAG, bindings: bindings.map(([role, ...members]) => ({ role, members })) };
}
