import { at, textAt, textsAt } from "@draftmill/shared/doctor/json-answer.ts";
import { type Finding, judge, ok, type Trail, warning, wrong } from "@draftmill/shared/doctor/probe.ts";
import { type Deployment, readDeployment } from "./deployment.ts";
import {
  accountPolicy,
  grantsOf,
  projectOfAccount,
  projectPolicy,
  pubsubPolicy,
  serviceAccount,
} from "./iam-policy.ts";
import { type OperatorContext, type OperatorProbe, terraformMakes } from "./operator-context.ts";
import { urlsOf } from "./service-probes.ts";

const PUBSUB = "pubsub.googleapis.com";
/** The longest that Pub/Sub takes, and what a held delivery needs. */
const ACK_DEADLINE_S = 600;
/** https://cloud.google.com/pubsub/docs/create-topic: what a subscription's topic is called once it was deleted. */
const DELETED_TOPIC = "_deleted-topic_";

const topic: OperatorProbe = {
  id: "topic",
  title: "Requests' topic",
  needs: [`apis:${PUBSUB}`],
  async run(context, trail) {
    const { google, project } = context;
    const { draftsTopic, eventsTopic } = await readDeployment(context, trail);
    const names = [draftsTopic, ...(eventsTopic === null ? [] : [eventsTopic])];
    const findings = await Promise.all(
      names.map(async (name): Promise<readonly Finding[]> => {
        const found = await google.find({ api: PUBSUB, path: `/v1/projects/${project}/topics/${name}` }, trail);
        if (found !== null) return [];
        return [
          { said: `there is no topic ${name}`, remedies: [`gcloud pubsub topics create ${name} --project=${project}`] },
        ];
      }),
    );
    return judge(findings.flat(), `${names.join(" and ")} ${names.length === 1 ? "exists" : "exist"}`);
  },
};

const publishers: OperatorProbe = {
  id: "publishers",
  title: "Who publishes requests",
  needs: ["topic", "accounts:api", "accounts:worker"],
  async run(context, trail) {
    const { draftsTopic, accounts } = await readDeployment(context, trail);
    const needed = [accounts.api, accounts.worker];
    const lacking = await lackingRight(context, trail, `topics/${draftsTopic}`, "pubsub.topics.publish", needed);
    return judge(
      lacking.map((email) => mayNotPublish(context, email, draftsTopic)),
      `the api and the worker may publish to ${draftsTopic}`,
    );
  },
};

const subscription: OperatorProbe = {
  id: "subscription",
  title: "Requests' subscription",
  needs: ["topic", "worker"],
  async run(context, trail) {
    const deployment = await readDeployment(context, trail);
    const { draftsSubscription: name, draftsTopic, deadLetterTopic } = deployment;
    const found = await readSubscription(context, name, trail);
    const make = `the subscription ${name}`;
    if (found === null) return wrong(`there is no subscription ${name}`, terraformMakes(make));
    const update = `gcloud pubsub subscriptions update ${name} --project=${context.project}`;
    const findings = pushFindings(deployment, found, { name, topic: draftsTopic, path: "/push", update });
    if (at(found, "retryPolicy") === undefined) {
      const said = "it has no retry policy, so what fails is pushed again at once";
      findings.push({ said, remedies: [`${update} --min-retry-delay=10s --max-retry-delay=600s`] });
    }
    if (shortName(textAt(found, "deadLetterPolicy", "deadLetterTopic")) !== deadLetterTopic) {
      const said = `what can never be delivered does not go to ${deadLetterTopic}`;
      findings.push({
        said,
        remedies: [`${update} --dead-letter-topic=${deadLetterTopic} --max-delivery-attempts=100`],
      });
    }
    return judge(findings, `${name} pushes to ${deployment.worker.name}`);
  },
};

const ordering: OperatorProbe = {
  id: "ordering",
  title: "One mailbox does not hold up the others",
  needs: ["subscription"],
  async run(context, trail) {
    const { draftsSubscription: name, worker } = await readDeployment(context, trail);
    if (worker.env.ORDERING_SHARDS === "0") return ok("ordering keys are off (ORDERING_SHARDS=0)");
    const found = await readSubscription(context, name, trail);
    if (at(found, "enableMessageOrdering") === true) return ok(`${name} delivers in the order of keys`);
    return warning(
      `${name} ignores ordering keys, and that cannot be changed on it: a large mailbox fills the worker`,
      terraformMakes(`${name} anew, once it is deleted`),
    );
  },
};

const pushToken: OperatorProbe = {
  id: "push-token",
  title: "Pub/Sub's right to sign pushes",
  needs: ["accounts:push"],
  async run(context, trail) {
    const { accounts } = await readDeployment(context, trail);
    const agent = await pubsubAgent(context, trail);
    const policies = await Promise.all([accountPolicy(context, accounts.push, trail), projectPolicy(context, trail)]);
    const grants = await grantsOf("iam.serviceAccounts.getOpenIdToken", policies, context, trail);
    if (grants.some(({ member }) => member === agent)) return ok(`it may make tokens of ${accounts.push}`);
    return wrong(
      `Pub/Sub's service agent may not make tokens of ${accounts.push}, so no push carries one`,
      `gcloud iam service-accounts add-iam-policy-binding ${accounts.push} --member=${agent} --role=roles/iam.serviceAccountOpenIdTokenCreator --project=${projectOfAccount(accounts.push, context.project)}`,
    );
  },
};

const deadLetterTopic: OperatorProbe = {
  id: "dead-letter-topic",
  title: "Dead letters are kept",
  needs: [`apis:${PUBSUB}`],
  async run(context, trail) {
    const { google, project } = context;
    const { deadLetterTopic: name } = await readDeployment(context, trail);
    const path = `/v1/projects/${project}/topics/${name}`;
    if ((await google.find({ api: PUBSUB, path }, trail)) === null) {
      return wrong(`there is no topic ${name}`, `gcloud pubsub topics create ${name} --project=${project}`);
    }
    const attached = await google.ask({ api: PUBSUB, path: `${path}/subscriptions` }, trail);
    const all = await Promise.all(
      textsAt(attached, "subscriptions").map((full) => readSubscription(context, shortName(full) ?? full, trail)),
    );
    const kept = all.find((one) => textAt(one, "pushConfig", "pushEndpoint") === null && !expires(one));
    if (kept !== undefined) return ok(`${shortName(textAt(kept, "name"))} holds them until somebody pulls them`);
    return wrong(
      `no subscription of ${name} that does not expire holds them: what the worker cannot record is lost`,
      `gcloud pubsub subscriptions create ${name}-pull --topic=${name} --project=${project} --expiration-period=never --message-retention-duration=31d`,
    );
  },
};

const deadLetterPush: OperatorProbe = {
  id: "dead-letter-push",
  title: "Dead letters are recorded",
  needs: ["dead-letter-topic", "worker"],
  async run(context, trail) {
    const deployment = await readDeployment(context, trail);
    const { deadLetterSubscription: name, deadLetterTopic: from } = deployment;
    const found = await readSubscription(context, name, trail);
    const make = `the subscription ${name}`;
    if (found === null) return wrong(`there is no subscription ${name}`, terraformMakes(make));
    const update = `gcloud pubsub subscriptions update ${name} --project=${context.project}`;
    const findings = pushFindings(deployment, found, { name, topic: from, path: "/dead-letters", update });
    return judge(findings, `${name} pushes to ${deployment.worker.name}`);
  },
};

const deadLetterRights: OperatorProbe = {
  id: "dead-letter-rights",
  title: "Who writes dead letters",
  needs: ["dead-letter-topic", "subscription", "accounts:worker"],
  async run(context, trail) {
    const { deadLetterTopic: name, draftsSubscription, accounts } = await readDeployment(context, trail);
    const { project } = context;
    const agent = await pubsubAgent(context, trail);
    const lacks = (resource: string, permission: "pubsub.topics.publish" | "pubsub.subscriptions.consume") =>
      lackingMembers(context, trail, resource, permission, [agent]);
    const findings = (
      await lackingRight(context, trail, `topics/${name}`, "pubsub.topics.publish", [accounts.worker])
    ).map((email) => mayNotPublish(context, email, name));
    if ((await lacks(`topics/${name}`, "pubsub.topics.publish")).length > 0) {
      findings.push({
        said: `Pub/Sub's service agent may not publish to ${name}, so it never gives a request up`,
        remedies: [
          `gcloud pubsub topics add-iam-policy-binding ${name} --member=${agent} --role=roles/pubsub.publisher --project=${project}`,
        ],
      });
    }
    if ((await lacks(`subscriptions/${draftsSubscription}`, "pubsub.subscriptions.consume")).length > 0) {
      findings.push({
        said: `Pub/Sub's service agent may not acknowledge on ${draftsSubscription}, so it never gives a request up`,
        remedies: [
          `gcloud pubsub subscriptions add-iam-policy-binding ${draftsSubscription} --member=${agent} --role=roles/pubsub.subscriber --project=${project}`,
        ],
      });
    }
    return judge(findings, "the worker and Pub/Sub's service agent");
  },
};

const sweep: OperatorProbe = {
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

interface Expected {
  readonly name: string;
  readonly topic: string;
  readonly path: string;
  readonly update: string;
}

/** What a subscription that pushes to the worker may have wrong. */
function pushFindings(
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
function expires(found: unknown): boolean {
  const policy = at(found, "expirationPolicy");
  return policy === undefined || textAt(policy, "ttl") !== null;
}

function readSubscription({ google, project }: OperatorContext, name: string, trail: Trail): Promise<unknown> {
  return google.find({ api: PUBSUB, path: `/v1/projects/${project}/subscriptions/${name}` }, trail);
}

/** https://cloud.google.com/iam/docs/service-agents#cloud-pub-sub-service-account */
async function pubsubAgent({ google, project }: OperatorContext, trail: Trail): Promise<string> {
  const found = await google.ask(
    { api: "cloudresourcemanager.googleapis.com", path: `/v3/projects/${project}` },
    trail,
  );
  const number = textAt(found, "name")?.split("/")[1] ?? "NUMBER";
  return serviceAccount(`service-${number}@gcp-sa-pubsub.iam.gserviceaccount.com`);
}

async function lackingMembers(
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

async function lackingRight(
  context: OperatorContext,
  trail: Trail,
  resource: string,
  permission: "pubsub.topics.publish",
  emails: readonly string[],
): Promise<readonly string[]> {
  const members = await lackingMembers(context, trail, resource, permission, emails.map(serviceAccount));
  return emails.filter((email) => members.includes(serviceAccount(email)));
}

function mayNotPublish({ project }: OperatorContext, email: string, name: string): Finding {
  return {
    said: `${email} may not publish to ${name}`,
    remedies: [
      `gcloud pubsub topics add-iam-policy-binding ${name} --member=${serviceAccount(email)} --role=roles/pubsub.publisher --project=${project}`,
    ],
  };
}

function shortName(name: string | null): string | null {
  return name === null ? null : name.slice(name.lastIndexOf("/") + 1);
}

export const QUEUE_PROBES: readonly OperatorProbe[] = [
  topic,
  publishers,
  subscription,
  ordering,
  pushToken,
  deadLetterTopic,
  deadLetterPush,
  deadLetterRights,
  sweep,
];
