import { parseMailboxPolicy } from "@draftmill/shared/contract/mailbox-policy.ts";
import { at, listAt, textAt, textsAt } from "@draftmill/shared/doctor/json-answer.ts";
import { judge, ok, type Trail, warning, wrong } from "@draftmill/shared/doctor/probe.ts";
import { readDeployment, subscriptionsOf } from "./deployment.ts";
import { type OperatorContext, type OperatorProbe, terraformMakes } from "./operator-context.ts";

const MONITORING = "monitoring.googleapis.com";
/** A subscription's figures come a few minutes late. */
const METRIC_WINDOW_MS = 10 * 60_000;
const LOG_WINDOW_MS = 60 * 60_000;
/** Longer than a delivery may be held, twice over. */
const OLDEST_UNACKED_S = 1_200;

const alerts: OperatorProbe = {
  id: "alerts",
  title: "Somebody is told",
  needs: [`apis:${MONITORING}`],
  async run({ google, project, prefix }, trail) {
    const policies = await google.ask({ api: MONITORING, path: `/v3/projects/${project}/alertPolicies` }, trail);
    const enabled = listAt(policies, "alertPolicies").filter((policy) => at(policy, "enabled") !== false);
    const told = enabled.filter((policy) => textsAt(policy, "notificationChannels").length > 0);
    if (told.length > 0) return ok(`${told.length} alert policies have a channel`);
    const said = enabled.length === 0 ? "there is no alert policy" : "no alert policy has a channel";
    return warning(`${said}: nobody would learn of dead letters`, terraformMakes(`the alerts of ${prefix}`));
  },
};

const backlog: OperatorProbe = {
  id: "backlog",
  title: "Nothing is stuck",
  needs: [`apis:${MONITORING}`, "subscription"],
  async run(context, trail) {
    const deployment = await readDeployment(context, trail);
    const { deadLetterSubscription } = deployment;
    const oldest = await Promise.all(
      subscriptionsOf(deployment).map(async (name) => {
        return { name, seconds: await latest(context, trail, "oldest_unacked_message_age", name) };
      }),
    );
    const oldestS = Math.max(...oldest.map(({ seconds }) => seconds ?? -1));
    const letters = await latest(context, trail, "num_undelivered_messages", deadLetterSubscription);
    const describe = (name: string): string =>
      `gcloud pubsub subscriptions describe ${name} --project=${context.project}`;
    return judge(
      [
        ...oldest
          .filter(({ seconds }) => (seconds ?? 0) > OLDEST_UNACKED_S)
          .map(({ name, seconds }) => ({
            said: `the oldest request has waited for ${seconds} s on ${name}`,
            remedies: [describe(name)],
          })),
        ...((letters ?? 0) > 0
          ? [
              {
                said: `${letters} dead letters wait on ${deadLetterSubscription} to be recorded`,
                remedies: [describe(deadLetterSubscription)],
              },
            ]
          : []),
      ],
      oldestS < 0 ? "no figures yet" : `the oldest request waits for ${oldestS} s, no dead letter waits`,
    );
  },
};

async function latest(
  { google, project, nowMs }: OperatorContext,
  trail: Trail,
  metric: string,
  subscription: string,
): Promise<number | null> {
  const query = new URLSearchParams({
    filter: `metric.type="pubsub.googleapis.com/subscription/${metric}" AND resource.labels.subscription_id="${subscription}"`,
    "interval.startTime": new Date(nowMs - METRIC_WINDOW_MS).toISOString(),
    "interval.endTime": new Date(nowMs).toISOString(),
  });
  const answer = await google.ask({ api: MONITORING, path: `/v3/projects/${project}/timeSeries?${query}` }, trail);
  // Newest first; int64 comes as a text.
  const value = textAt(answer, "timeSeries", 0, "points", 0, "value", "int64Value");
  return value === null ? null : Number(value);
}

const incidents: OperatorProbe = {
  id: "incidents",
  title: "Google refused nothing in the last hour",
  needs: ["apis:logging.googleapis.com", "worker"],
  async run(context, trail) {
    const { google, project, nowMs } = context;
    const { worker } = await readDeployment(context, trail);
    const filter = `resource.type="cloud_run_revision" AND resource.labels.service_name="${worker.name}" AND jsonPayload.message="incident.opened"`;
    const since = new Date(nowMs - LOG_WINDOW_MS).toISOString();
    const body = {
      resourceNames: [`projects/${project}`],
      filter: `${filter} AND timestamp>="${since}"`,
      orderBy: "timestamp desc",
      pageSize: 100,
    };
    const answer = await google.ask({ api: "logging.googleapis.com", path: "/v2/entries:list", body }, trail);
    const codes = listAt(answer, "entries").map((entry) => textAt(entry, "jsonPayload", "code") ?? "unknown");
    if (codes.length === 0) return ok("no incident was opened");
    return wrong(
      `${codes.length} incidents were opened: ${[...new Set(codes)].join(", ")}`,
      `gcloud logging read '${filter}' --project=${project} --freshness=1h --format='value(jsonPayload.code,jsonPayload.remedy)'`,
    );
  },
};

const callers: OperatorProbe = {
  id: "callers",
  title: "Callers' file",
  needs: ["api"],
  async run(context, trail) {
    const { api } = await readDeployment(context, trail);
    const path = api.env.CALLERS_FILE;
    const where = `${api.name} --region=${context.region} --project=${context.project}`;
    if (path === undefined) {
      const said = `${api.name} has no CALLERS_FILE, without which it refuses to start`;
      return wrong(
        said,
        `gcloud run services update ${where} --update-secrets=/etc/draftmill/callers.json=${context.prefix}-callers:latest --update-env-vars=CALLERS_FILE=/etc/draftmill/callers.json`,
      );
    }
    if (context.callersFile === null) return ok(`${path}; with --callers FILE it is read, too`);
    // Its schemas are compiled as it is loaded, which no other command should wait for.
    const { parseCallers } = await import("../../callers/parse-callers.ts");
    const parsed = parseCallers(context.callersFile);
    if (!parsed.ok) {
      const faults = parsed.problems.map(({ pointer, detail }) => `${pointer || "the file"} ${detail}`);
      return wrong(
        `the file of --callers is at fault: ${faults.join("; ")}`,
        `curl ${apiUrl(api.service)}/callers.schema.json`,
      );
    }
    const fence = parseMailboxPolicy(api.env.MAILBOXES ?? api.env.GMAIL_USER ?? "none@example.invalid");
    const entries = [...parsed.policy.addresses, ...parsed.policy.domains];
    const beyond = entries.flatMap(([caller, { mailboxes }]) => [
      ...[...mailboxes.domains].filter((domain) => !fence.domains.has(domain)).map((domain) => `${caller}: @${domain}`),
      ...[...mailboxes.addresses]
        .filter((address) => !fence.addresses.has(address) && !fence.domains.has(address.split("@")[1] ?? ""))
        .map((address) => `${caller}: ${address}`),
    ]);
    return judge(
      beyond.map((entry) => ({
        said: `${entry} is not among the MAILBOXES of ${api.name}, so it never takes effect`,
        remedies: [`Take it out of the file, or add it to MAILBOXES of ${api.name}.`],
      })),
      `${entries.length} callers, none beyond MAILBOXES`,
    );
  },
};

function apiUrl(service: unknown): string {
  return textAt(service, "uri") ?? "https://API";
}

export const WATCH_PROBES: readonly OperatorProbe[] = [callers, alerts, backlog, incidents];
