import { listAt, textAt } from "@draftmill/shared/doctor/json-answer.ts";
import { type Finding, judge, ok, type Trail, wrong } from "@draftmill/shared/doctor/probe.ts";
import { type Deployment, readDeployment } from "./deployment.ts";
import { grantsOf, projectPolicy, serviceAccount } from "./iam-policy.ts";
import { type OperatorContext, type OperatorProbe, terraformMakes } from "./operator-context.ts";

const FIRESTORE = "firestore.googleapis.com";
const COLLECTIONS = ["drafts", "documents"] as const;
/** Those that lists and the console need, as shared/src/ledger/README.md makes them. */
export const LEDGER_INDEXES: readonly { readonly collection: string; readonly fields: readonly string[] }[] = [
  ...["state", "mailbox", "batch", "code"].map((field) => ({ collection: "drafts", fields: [field, "created desc"] })),
  { collection: "drafts", fields: ["code", "mailbox", "state"] },
  { collection: "drafts", fields: ["mailbox", "code", "state"] },
  { collection: "drafts", fields: ["recipients contains", "created desc"] },
  { collection: "documents", fields: ["kind", "created desc"] },
];

const ledger: OperatorProbe = {
  id: "ledger",
  title: "Ledger",
  needs: [`apis:${FIRESTORE}`, "worker"],
  async run(context, trail) {
    const { google, project } = context;
    const deployment = await readDeployment(context, trail);
    const { ledgerUrl, worker, api } = deployment;
    if (api.service !== null && (api.env.LEDGER_URL ?? "") !== (worker.env.LEDGER_URL ?? "")) {
      return wrong(
        `${api.name} and ${worker.name} keep their records in different places`,
        `gcloud run services update ${api.name} --region=${context.region} --project=${project} --update-env-vars=LEDGER_URL=${ledgerUrl}`,
      );
    }
    const name = databaseOf(deployment);
    if (name === null) {
      return wrong(
        `LEDGER_URL is ${ledgerUrl}, a file in a container that Cloud Run throws away`,
        `gcloud run services update ${worker.name} --region=${context.region} --project=${project} --update-env-vars=LEDGER_URL=firestore:${context.prefix}`,
      );
    }
    const found = await google.find({ api: FIRESTORE, path: `/v1/projects/${project}/databases/${name}` }, trail);
    if (found === null) return wrong(`there is no database ${name}`, terraformMakes(`the database ${name}`));
    const type = textAt(found, "type");
    if (type !== "FIRESTORE_NATIVE") {
      const make = `gcloud firestore databases update --database='${name}' --type=firestore-native --project=${project}`;
      return wrong(`${name} is of type ${type}, and the ledger needs native mode`, make);
    }
    return ok(`${name}, in ${textAt(found, "locationId")}`);
  },
};

const indexes: OperatorProbe = {
  id: "ledger-indexes",
  title: "Indexes and expiry",
  needs: ["ledger"],
  async run(context, trail) {
    const database = databaseOf(await readDeployment(context, trail)) ?? "(default)";
    const findings = (
      await Promise.all(COLLECTIONS.map((name) => collectionFindings(context, trail, database, name)))
    ).flat();
    return judge(findings, `${LEDGER_INDEXES.length} indexes are ready, and what has expired is removed`);
  },
};

async function collectionFindings(
  { google, project }: OperatorContext,
  trail: Trail,
  database: string,
  collection: string,
): Promise<Finding[]> {
  const base = `/v1/projects/${project}/databases/${database}/collectionGroups/${collection}`;
  const where = `--collection-group=${collection} --database='${database}' --project=${project}`;
  const field = await google.find({ api: FIRESTORE, path: `${base}/fields/expireAt` }, trail);
  const answer = await google.ask({ api: FIRESTORE, path: `${base}/indexes?pageSize=300` }, trail);
  const there = new Map(listAt(answer, "indexes").map((index) => [fieldsOf(index), textAt(index, "state")]));
  const findings: Finding[] = [];
  const ttl = textAt(field, "ttlConfig", "state");
  if (ttl !== "ACTIVE" && ttl !== "CREATING") {
    const said = `nothing removes expired ${collection}`;
    findings.push({ said, remedies: [`gcloud firestore fields ttls update expireAt ${where} --enable-ttl`] });
  }
  for (const { fields } of LEDGER_INDEXES.filter((index) => index.collection === collection)) {
    const state = there.get(fields.join(","));
    if (state === "READY") continue;
    const columns = fields.map((one) => {
      const [path, how] = one.split(" ");
      if (how === "contains") return `--field-config=field-path=${path},array-config=contains`;
      return `--field-config=field-path=${path},order=${how === "desc" ? "descending" : "ascending"}`;
    });
    findings.push({
      said: `the index of ${collection} on ${fields.join(", ")} is ${state === undefined ? "missing" : state}`,
      remedies: state === undefined ? [`gcloud firestore indexes composite create ${where} ${columns.join(" ")}`] : [],
    });
  }
  return findings;
}

/** As LEDGER_INDEXES has them; Firestore adds the document's name at the end. */
function fieldsOf(index: unknown): string {
  return listAt(index, "fields")
    .filter((field) => textAt(field, "fieldPath") !== "__name__")
    .map((field) => {
      const path = textAt(field, "fieldPath");
      if (textAt(field, "arrayConfig") === "CONTAINS") return `${path} contains`;
      return textAt(field, "order") === "DESCENDING" ? `${path} desc` : path;
    })
    .join(",");
}

const ledgerRights: OperatorProbe = {
  id: "ledger-rights",
  title: "Who may write the ledger",
  needs: ["ledger", "accounts:api", "accounts:worker"],
  async run(context, trail) {
    const { accounts } = await readDeployment(context, trail);
    const policy = await projectPolicy(context, trail);
    const grants = await grantsOf("datastore.entities.create", [policy], context, trail);
    const lacking = [accounts.api, accounts.worker].filter(
      (email) => !grants.some(({ member }) => member === serviceAccount(email)),
    );
    return judge(
      lacking.map((email) => ({
        said: `${email} may not write it`,
        remedies: [
          `gcloud projects add-iam-policy-binding ${context.project} --member=${serviceAccount(email)} --role=roles/datastore.user --condition=None`,
        ],
      })),
      "the api and the worker",
    );
  },
};

/** Null when the ledger is no Firestore. */
function databaseOf({ ledgerUrl }: Deployment): string | null {
  const [scheme, name] = ledgerUrl.split(":");
  if (scheme !== "firestore") return null;
  return name === undefined || name === "" ? "(default)" : name;
}

export const LEDGER_PROBES: readonly OperatorProbe[] = [ledger, indexes, ledgerRights];
