import { at, textAt } from "@draftmill/shared/doctor/json-answer.ts";
import { type Finding, judge, ok, warning, wrong } from "@draftmill/shared/doctor/probe.ts";
import { readDeployment } from "./deployment.ts";
import { accountPolicy, grantsOf, projectOfAccount, projectPolicy } from "./iam-policy.ts";
import { type OperatorProbe, terraformMakes } from "./operator-context.ts";
import { lackingRight, mayNotPublish, pubsubAgent } from "./publish-rights.ts";
import { pushFindings, readSubscription, shortName } from "./pushed-subscription.ts";

const PUBSUB = "pubsub.googleapis.com";

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

export const QUEUE_PROBES: readonly OperatorProbe[] = [topic, publishers, subscription, ordering, pushToken];
