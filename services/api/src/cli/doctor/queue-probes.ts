import { at, textAt } from "@draftmill/shared/doctor/json-answer.ts";
import { type Finding, judge, ok, type Trail, warning, wrong } from "@draftmill/shared/doctor/probe.ts";
import { type Deployment, type RequestSource, readDeployment, subscriptionsOf } from "./deployment.ts";
import { accountPolicy, grantsOf, projectOfAccount, projectPolicy } from "./iam-policy.ts";
import { type OperatorContext, type OperatorProbe, terraformMakes } from "./operator-context.ts";
import { lackingRight, mayNotPublish, pubsubAgent } from "./publish-rights.ts";
import { pushFindings, readSubscription, shortName } from "./pushed-subscription.ts";

const PUBSUB = "pubsub.googleapis.com";

const topic: OperatorProbe = {
  id: "topic",
  title: "Topics",
  needs: [`apis:${PUBSUB}`],
  async run(context, trail) {
    const { google, project } = context;
    const { requests, eventsTopic } = await readDeployment(context, trail);
    const names = [...requests.map((source) => source.topic), ...(eventsTopic === null ? [] : [eventsTopic])];
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
    const { requests, accounts } = await readDeployment(context, trail);
    const needed = [accounts.api, accounts.worker];
    const names = requests.map((source) => source.topic);
    const findings = await Promise.all(
      names.map(async (name) => {
        const lacking = await lackingRight(context, trail, `topics/${name}`, "pubsub.topics.publish", needed);
        return lacking.map((email) => mayNotPublish(context, email, name));
      }),
    );
    return judge(findings.flat(), `the api and the worker may publish to ${names.join(" and ")}`);
  },
};

const subscription: OperatorProbe = {
  id: "subscription",
  title: "Requests are pushed",
  needs: ["topic", "worker"],
  async run(context, trail) {
    const deployment = await readDeployment(context, trail);
    const findings = await Promise.all(
      deployment.requests.map((source) => sourceFindings(context, deployment, source, trail)),
    );
    const names = subscriptionsOf(deployment);
    return judge(
      findings.flat(),
      `${names.join(" and ")} ${names.length === 1 ? "pushes" : "push"} to ${deployment.worker.name}`,
    );
  },
};

/** What may be wrong with the way of a topic's requests to the worker. */
async function sourceFindings(
  context: OperatorContext,
  deployment: Deployment,
  { topic: from, subscription: name }: RequestSource,
  trail: Trail,
): Promise<readonly Finding[]> {
  const { deadLetterTopic, worker } = deployment;
  if (name === null) {
    const said = `${worker.name} has no BATCH_SUBSCRIPTION, so it refuses what ${from} pushes`;
    const set = `--update-env-vars=BATCH_TOPIC=${from},BATCH_SUBSCRIPTION=${from}-push`;
    const service = `gcloud run services update ${worker.name} --region=${context.region} --project=${context.project}`;
    return [{ said, remedies: [`${service} ${set}`] }];
  }
  const found = await readSubscription(context, name, trail);
  if (found === null) {
    return [{ said: `there is no subscription ${name}`, remedies: [terraformMakes(`the subscription ${name}`)] }];
  }
  const update = `gcloud pubsub subscriptions update ${name} --project=${context.project}`;
  const findings = pushFindings(deployment, found, { name, topic: from, path: "/push", update });
  if (at(found, "retryPolicy") === undefined) {
    const said = `${name} has no retry policy, so what fails is pushed again at once`;
    findings.push({ said, remedies: [`${update} --min-retry-delay=10s --max-retry-delay=600s`] });
  }
  if (shortName(textAt(found, "deadLetterPolicy", "deadLetterTopic")) !== deadLetterTopic) {
    const said = `what ${name} can never deliver does not go to ${deadLetterTopic}`;
    findings.push({
      said,
      remedies: [`${update} --dead-letter-topic=${deadLetterTopic} --max-delivery-attempts=100`],
    });
  }
  return findings;
}

const ordering: OperatorProbe = {
  id: "ordering",
  title: "One mailbox does not hold up the others",
  needs: ["subscription"],
  async run(context, trail) {
    const deployment = await readDeployment(context, trail);
    if (deployment.worker.env.ORDERING_SHARDS === "0") return ok("ordering keys are off (ORDERING_SHARDS=0)");
    for (const name of subscriptionsOf(deployment)) {
      const found = await readSubscription(context, name, trail);
      if (at(found, "enableMessageOrdering") === true) continue;
      return warning(
        `${name} ignores ordering keys, and that cannot be changed on it: a large mailbox fills the worker`,
        terraformMakes(`${name} anew, once it is deleted`),
      );
    }
    const names = subscriptionsOf(deployment);
    return ok(`${names.join(" and ")} ${names.length === 1 ? "delivers" : "deliver"} in the order of keys`);
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

export const QUEUE_PROBES: readonly OperatorProbe[] = [topic, publishers, subscription, ordering, pushToken];
