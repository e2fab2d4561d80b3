import { textAt } from "@draftmill/shared/doctor/json-answer.ts";
import type { Finding, Trail } from "@draftmill/shared/doctor/probe.ts";
import { grantsOf, projectPolicy, pubsubPolicy, serviceAccount } from "./iam-policy.ts";
import type { OperatorContext } from "./operator-context.ts";

/** https://cloud.google.com/iam/docs/service-agents#cloud-pub-sub-service-account */
export async function pubsubAgent({ google, project }: OperatorContext, trail: Trail): Promise<string> {
  const found = await google.ask(
    { api: "cloudresourcemanager.googleapis.com", path: `/v3/projects/${project}` },
    trail,
  );
  const number = textAt(found, "name")?.split("/")[1] ?? "NUMBER";
  return serviceAccount(`service-${number}@gcp-sa-pubsub.iam.gserviceaccount.com`);
}

export async function lackingMembers(
  context: OperatorContext,
  trail: Trail,
  resource: string,
  permission: "pubsub.topics.publish" | "pubsub.subscriptions.consume",
  members: readonly string[],
): Promise<readonly string[]> {
  const policies = await Promise.all([pubsubPolicy(context, resource, trail), projectPolicy(context, trail)]);
  const grants = await grantsOf(permission, policies, context, trail);
  return members.filter((wanted) => !grants.some(({ member }) => member === wanted));
}

export async function lackingRight(
  context: OperatorContext,
  trail: Trail,
  resource: string,
  permission: "pubsub.topics.publish",
  emails: readonly string[],
): Promise<readonly string[]> {
  const members = await lackingMembers(context, trail, resource, permission, emails.map(serviceAccount));
  return emails.filter((email) => members.includes(serviceAccount(email)));
}

export function mayNotPublish({ project }: OperatorContext, email: string, name: string): Finding {
  return {
    said: `${email} may not publish to ${name}`,
    remedies: [
      `gcloud pubsub topics add-iam-policy-binding ${name} --member=${serviceAccount(email)} --role=roles/pubsub.publisher --project=${project}`,
    ],
  };
}
