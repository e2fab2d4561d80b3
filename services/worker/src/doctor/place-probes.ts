import { textsAt } from "@draftmill/shared/doctor/json-answer.ts";
import { CannotTell, judge, ok, wrong } from "@draftmill/shared/doctor/probe.ts";
import { LedgerUnavailable } from "@draftmill/shared/ledger/ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import type { WorkerProbe } from "./worker-context.ts";

const PUBLISH = "pubsub.topics.publish";

const publishing: WorkerProbe = {
  id: "publishing",
  title: "The worker's topics",
  needs: ["identity"],
  async run({ config, google, credentials }, trail) {
    const { env, project } = config;
    if (env.PUBSUB_EMULATOR_HOST !== undefined) return ok(`asked of nobody: Pub/Sub is at ${env.PUBSUB_EMULATOR_HOST}`);
    const topics = [
      env.DRAFTS_TOPIC,
      ...(env.BATCH_TOPIC === undefined ? [] : [env.BATCH_TOPIC]),
      env.DEAD_LETTER_TOPIC,
      ...(env.EVENTS_TOPIC === undefined ? [] : [env.EVENTS_TOPIC]),
    ];
    const email = await credentials.email();
    const findings = await Promise.all(
      topics.map(async (name) => {
        const path = `/v1/projects/${project}/topics/${name.split("/").at(-1)}:testIamPermissions`;
        const answer = await google.find(
          { api: "pubsub.googleapis.com", path, body: { permissions: [PUBLISH] } },
          trail,
        );
        if (answer === null) {
          const remedies = [`gcloud pubsub topics create ${name} --project=${project}`];
          return [{ said: `there is no topic ${name}`, remedies }];
        }
        if (textsAt(answer, "permissions").includes(PUBLISH)) return [];
        const remedies = [
          `gcloud pubsub topics add-iam-policy-binding ${name} --member=serviceAccount:${email} --role=roles/pubsub.publisher --project=${project}`,
        ];
        return [{ said: `it may not publish to ${name}`, remedies }];
      }),
    );
    return judge(findings.flat(), `it may publish to ${topics.join(", ")}`);
  },
};

/** A document that nobody reads, and that goes by itself. */
const CANARY = { kind: "doctor", lastsMs: 60_000 };

const ledger: WorkerProbe = {
  id: "ledger",
  title: "Ledger",
  needs: ["identity"],
  async run({ config, clock }, trail) {
    const { env, project } = config;
    const grant = `gcloud projects add-iam-policy-binding ${project} --member=serviceAccount:${env.GOOGLE_SERVICE_ACCOUNT_EMAIL ?? "WORKER"} --role=roles/datastore.user --condition=None`;
    try {
      const store = await openLedger(env.LEDGER_URL, { clock, place: env });
      try {
        const id = `canary-${Math.floor(clock.nowMs())}`;
        await store.createDocument(CANARY.kind, { id, value: { id }, expireAtMs: clock.nowMs() + CANARY.lastsMs });
        const read = await store.document(CANARY.kind, id);
        trail.note(`${env.LEDGER_URL} write, read`);
        return read === null
          ? wrong(`${env.LEDGER_URL} does not give back what was written`, "gcloud firestore databases list")
          : ok(`${env.LEDGER_URL} keeps what is written`);
      } finally {
        await store.close();
      }
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
      trail.note(`${env.LEDGER_URL} ${error.reason}`);
      if (error.reason === "busy") throw new CannotTell(error.message, ["Run it again."]);
      return wrong(error.message, grant);
    }
  },
};

export const PLACE_PROBES: readonly WorkerProbe[] = [publishing, ledger];
