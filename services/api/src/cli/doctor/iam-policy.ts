import { listAt, textAt, textsAt } from "@draftmill/shared/doctor/json-answer.ts";
import type { Trail } from "@draftmill/shared/doctor/probe.ts";
import type { OperatorContext } from "./operator-context.ts";

/** One binding of an allow policy: https://cloud.google.com/iam/docs/reference/rest/v1/Policy */
export interface Grant {
  readonly role: string;
  readonly member: string;
}

/** Google's own roles with each permission that is asked after; of roles made by hand the role itself is asked. */
const ROLES_WITH = {
  "iam.serviceAccounts.signJwt": ["roles/iam.serviceAccountTokenCreator"],
  "iam.serviceAccounts.getOpenIdToken": [
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountOpenIdTokenCreator",
    "roles/pubsub.serviceAgent",
  ],
  "pubsub.topics.publish": ["roles/pubsub.publisher", "roles/pubsub.editor", "roles/pubsub.admin", "roles/editor"],
  "pubsub.subscriptions.consume": [
    "roles/pubsub.subscriber",
    "roles/pubsub.editor",
    "roles/pubsub.admin",
    "roles/editor",
  ],
  "run.routes.invoke": ["roles/run.invoker", "roles/run.admin", "roles/run.servicesInvoker"],
  "datastore.entities.create": ["roles/datastore.user", "roles/datastore.owner", "roles/editor"],
} as const satisfies Record<string, readonly string[]>;

export type Permission = keyof typeof ROLES_WITH;

export function grantsIn(policy: unknown): readonly Grant[] {
  return listAt(policy, "bindings").flatMap((binding) => {
    const role = textAt(binding, "role");
    return role === null ? [] : textsAt(binding, "members").map((member) => ({ role, member }));
  });
}

/** Those of the grants that give the permission. */
export async function grantsOf(
  permission: Permission,
  policies: readonly unknown[],
  { google }: OperatorContext,
  trail: Trail,
): Promise<readonly Grant[]> {
  const withIt: readonly string[] = ROLES_WITH[permission];
  const grants = policies.flatMap(grantsIn);
  const custom = new Set(grants.map(({ role }) => role).filter((role) => !role.startsWith("roles/")));
  const giving = new Set(withIt);
  for (const role of custom) {
    const found = await google.find({ api: "iam.googleapis.com", path: `/v1/${role}` }, trail);
    if (textsAt(found, "includedPermissions").includes(permission)) giving.add(role);
  }
  return grants.filter(({ role }) => giving.has(role));
}

export function serviceAccount(email: string): string {
  return `serviceAccount:${email}`;
}

/** The project that an account lives in, which its address tells, unless it is one of Google's defaults. */
export function projectOfAccount(email: string, otherwise: string): string {
  return /@([a-z][a-z0-9-]*)\.iam\.gserviceaccount\.com$/.exec(email)?.[1] ?? otherwise;
}

export function accountPath(email: string, { project }: OperatorContext): string {
  return `/v1/projects/${projectOfAccount(email, project)}/serviceAccounts/${email}`;
}

const VERSION_3 = { options: { requestedPolicyVersion: 3 } };

export function projectPolicy({ google, project }: OperatorContext, trail: Trail): Promise<unknown> {
  const path = `/v3/projects/${project}:getIamPolicy`;
  return google.ask({ api: "cloudresourcemanager.googleapis.com", path, body: VERSION_3 }, trail);
}

export function accountPolicy(context: OperatorContext, email: string, trail: Trail): Promise<unknown> {
  const path = `${accountPath(email, context)}:getIamPolicy`;
  return context.google.ask({ api: "iam.googleapis.com", path, body: VERSION_3 }, trail);
}

/** Of a topic or a subscription, by its collection and name. */
export function pubsubPolicy({ google, project }: OperatorContext, resource: string, trail: Trail): Promise<unknown> {
  return google.ask({ api: "pubsub.googleapis.com", path: `/v1/projects/${project}/${resource}:getIamPolicy` }, trail);
}
