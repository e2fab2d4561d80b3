import { agentOf, audienceOf, type Entries, type ProjectNames, policy, urlOf } from "./project-names.ts";

const SEVEN_DAYS = "604800s";
const THIRTY_ONE_DAYS = "2678400s";

export function pubsubResources(names: ProjectNames): Entries {
  const { project, api, worker, push } = names;
  const base = `pubsub.googleapis.com/v1/projects/${project}`;
  const requests = "draft-requests";
  const batch = "draft-requests-batch";
  const letters = "draft-requests-dead-letter";
  const topicName = (name: string): string => `projects/${project}/topics/${name}`;
  const subscriptionName = (name: string): string => `projects/${project}/subscriptions/${name}`;
  const topic = (name: string, ...subscriptions: readonly string[]): Entries => [
    [`${base}/topics/${name}`, { name: topicName(name), messageRetentionDuration: SEVEN_DAYS, state: "ACTIVE" }],
    [`${base}/topics/${name}/subscriptions`, { subscriptions: subscriptions.map(subscriptionName) }],
  ];
  const pushed = (path: string) => ({
    ackDeadlineSeconds: 600,
    pushConfig: {
      pushEndpoint: `${urlOf(names, "worker")}${path}`,
      attributes: { "x-goog-version": "v1" },
      oidcToken: { serviceAccountEmail: push, audience: audienceOf(names) },
    },
    retryPolicy: { minimumBackoff: "10s", maximumBackoff: "600s" },
  });
  const subscription = (name: string, source: string, more: object): readonly [string, object] => [
    `${base}/subscriptions/${name}`,
    {
      name: subscriptionName(name),
      topic: topicName(source),
      messageRetentionDuration: SEVEN_DAYS,
      expirationPolicy: {},
      state: "ACTIVE",
      ...more,
    },
  ];
  const ofRequests = {
    ...pushed("/push"),
    enableMessageOrdering: true,
    deadLetterPolicy: { deadLetterTopic: topicName(letters), maxDeliveryAttempts: 100 },
  };
  const publisher = "roles/pubsub.publisher";
  return [
    ...topic(requests, `${requests}-push`),
    ...topic(batch, `${batch}-push`),
    ...topic(letters, `${letters}-push`, `${letters}-pull`),
    subscription(`${requests}-push`, requests, ofRequests),
    subscription(`${batch}-push`, batch, ofRequests),
    subscription(`${letters}-push`, letters, {
      ...pushed("/dead-letters"),
      messageRetentionDuration: THIRTY_ONE_DAYS,
    }),
    subscription(`${letters}-pull`, letters, {
      ackDeadlineSeconds: 60,
      pushConfig: {},
      messageRetentionDuration: THIRTY_ONE_DAYS,
    }),
    ...[requests, batch].flatMap(
      (name): Entries => [
        [
          `${base}/topics/${name}:getIamPolicy`,
          policy([publisher, `serviceAccount:${api}`, `serviceAccount:${worker}`]),
        ],
        [`${base}/subscriptions/${name}-push:getIamPolicy`, policy(["roles/pubsub.subscriber", agentOf(names)])],
      ],
    ),
    [`${base}/topics/${letters}:getIamPolicy`, policy([publisher, `serviceAccount:${worker}`, agentOf(names)])],
  ];
}
