import { textAt, textsAt } from "@draftmill/shared/doctor/json-answer.ts";
import { judge, ok, wrong } from "@draftmill/shared/doctor/probe.ts";
import { readDeployment, subscriptionsOf } from "./deployment.ts";
import { type OperatorProbe, terraformMakes } from "./operator-context.ts";
import { lackingMembers, lackingRight, mayNotPublish, pubsubAgent } from "./publish-rights.ts";
import { expires, pushFindings, readSubscription, shortName } from "./pushed-subscription.ts";

const PUBSUB = "pubsub.googleapis.com";

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
    const deployment = await readDeployment(context, trail);
    const { deadLetterTopic: name, accounts } = deployment;
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
    for (const subscription of subscriptionsOf(deployment)) {
      if ((await lacks(`subscriptions/${subscription}`, "pubsub.subscriptions.consume")).length === 0) continue;
      findings.push({
        said: `Pub/Sub's service agent may not acknowledge on ${subscription}, so it never gives a request up`,
        remedies: [
          `gcloud pubsub subscriptions add-iam-policy-binding ${subscription} --member=${agent} --role=roles/pubsub.subscriber --project=${project}`,
        ],
      });
    }
    return judge(findings, "the worker and Pub/Sub's service agent");
  },
};

export const DEAD_LETTER_PROBES: readonly OperatorProbe[] = [deadLetterTopic, deadLetterPush, deadLetterRights];
