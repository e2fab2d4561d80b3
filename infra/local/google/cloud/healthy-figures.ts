import type { Entries, ProjectNames } from "./project-names.ts";

export function watchResources({ project, prefix }: ProjectNames): Entries {
  const base = `monitoring.googleapis.com/v3/projects/${project}`;
  return [
    [
      `${base}/alertPolicies`,
      {
        alertPolicies: [
          {
            name: `projects/${project}/alertPolicies/1234567890123456789`,
            displayName: `${prefix}: dead letters`,
            combiner: "OR",
            enabled: true,
            notificationChannels: [`projects/${project}/notificationChannels/9876543210987654321`],
          },
        ],
        totalSize: 1,
      },
    ],
    figure(project, "oldest_unacked_message_age", "draft-requests-push", 2),
    figure(project, "oldest_unacked_message_age", "draft-requests-batch-push", 40),
    figure(project, "num_undelivered_messages", "draft-requests-dead-letter-push", 0),
    [`logging.googleapis.com/v2/entries:list`, {}],
  ];
}

/** One figure of a subscription, where it is asked for and as timeSeries.list answers it. */
export function figure(
  project: string,
  metric: string,
  subscription: string,
  value: number,
): readonly [path: string, body: object] {
  const path = `monitoring.googleapis.com/v3/projects/${project}/timeSeries/${metric}/${subscription}`;
  const body = {
    timeSeries: [
      {
        metric: { type: `pubsub.googleapis.com/subscription/${metric}` },
        resource: { type: "pubsub_subscription", labels: { subscription_id: subscription } },
        metricKind: "GAUGE",
        valueType: "INT64",
        points: [
          {
            interval: { startTime: "2026-11-01T08:00:00Z", endTime: "2026-11-01T08:00:00Z" },
            value: { int64Value: String(value) },
          },
        ],
      },
    ],
    unit: "1",
  };
  return [path, body];
}
