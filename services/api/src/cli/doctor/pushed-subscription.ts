import { at, textAt } from "@draftmill/shared/doctor/json-answer.ts";
import type { Finding, Trail } from "@draftmill/shared/doctor/probe.ts";
import type { Deployment } from "./deployment.ts";
import { type OperatorContext, terraformMakes } from "./operator-context.ts";
import { urlsOf } from "./service-probes.ts";

const PUBSUB = "pubsub.googleapis.com";
/** The longest that Pub/Sub takes, and what a held delivery needs. */
const ACK_DEADLINE_S = 600;
/** https://cloud.google.com/pubsub/docs/create-topic: what a subscription's topic is called once it was deleted. */
const DELETED_TOPIC = "_deleted-topic_";

interface Expected {
  readonly name: string;
  readonly topic: string;
  readonly path: string;
  readonly update: string;
}

/** What a subscription that pushes to the worker may have wrong. */
export function pushFindings(
  deployment: Deployment,
  found: unknown,
  { name, topic: from, path, update }: Expected,
): Finding[] {
  const { worker, accounts, pushAudience } = deployment;
  const findings: Finding[] = [];
  const source = textAt(found, "topic");
  if (source === DELETED_TOPIC || at(found, "detached") === true) {
    const said = `${name} is cut off from its topic and gets no message any more`;
    findings.push({ said, remedies: [terraformMakes(`${name} anew, once it is deleted`)] });
  } else if (shortName(source) !== from) {
    const said = `${name} is of ${shortName(source)} and not of ${from}`;
    findings.push({ said, remedies: [terraformMakes(`${name} anew, once it is deleted`)] });
  }
  if (expires(found)) {
    const said = `${name} vanishes when nothing is delivered for a while`;
    findings.push({ said, remedies: [`${update} --expiration-period=never`] });
  }
  const deadline = at(found, "ackDeadlineSeconds");
  if (typeof deadline !== "number" || deadline < ACK_DEADLINE_S) {
    const said = `its acknowledgement deadline is ${deadline} s: a delivery that waits for Gmail's quota would come twice`;
    findings.push({ said, remedies: [`${update} --ack-deadline=${ACK_DEADLINE_S}`] });
  }
  const urls = urlsOf(worker.service).map((url) => `${url}${path}`);
  const endpoint = textAt(found, "pushConfig", "pushEndpoint");
  const signer = textAt(found, "pushConfig", "oidcToken", "serviceAccountEmail");
  const audience = textAt(found, "pushConfig", "oidcToken", "audience");
  const isForWorker = endpoint !== null && urls.includes(endpoint);
  if (!isForWorker || signer !== accounts.push || (pushAudience !== null && audience !== pushAudience)) {
    const said = isForWorker
      ? `${name} pushes as ${signer ?? "nobody"} for ${audience ?? "no audience"}, which the worker refuses`
      : `${name} pushes to ${endpoint ?? "nobody"}, which is not ${worker.name}`;
    const token = `--push-auth-service-account=${accounts.push} --push-auth-token-audience=${pushAudience}`;
    findings.push({ said, remedies: [`${update} --push-endpoint=${urls[0]} ${token}`] });
  }
  return findings;
}

/** With no policy a subscription expires after 31 idle days; with an empty one, never. */
export function expires(found: unknown): boolean {
  const policy = at(found, "expirationPolicy");
  return policy === undefined || textAt(policy, "ttl") !== null;
}

export function readSubscription({ google, project }: OperatorContext, name: string, trail: Trail): Promise<unknown> {
  return google.find({ api: PUBSUB, path: `/v1/projects/${project}/subscriptions/${name}` }, trail);
}

export function shortName(name: string | null): string | null {
  return name === null ? null : name.slice(name.lastIndexOf("/") + 1);
}
