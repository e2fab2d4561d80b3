import { at, listAt, textAt } from "@draftmill/shared/doctor/json-answer.ts";
import { type Finding, judge, ok, warning, wrong } from "@draftmill/shared/doctor/probe.ts";
import { quoted } from "../shell-word.ts";
import { readDeployment } from "./deployment.ts";
import {
  accountPath,
  accountPolicy,
  grantsIn,
  grantsOf,
  projectOfAccount,
  projectPolicy,
  serviceAccount,
} from "./iam-policy.ts";
import { type OperatorProbe, terraformMakes } from "./operator-context.ts";

const IAM = "iam.googleapis.com";

const accounts: OperatorProbe = {
  id: "accounts",
  title: "Service accounts",
  needs: [`apis:${IAM}`],
  async run(context, trail) {
    const { google } = context;
    const byPart = Object.entries((await readDeployment(context, trail)).accounts);
    const emails = [...new Set(byPart.map(([, email]) => email))];
    const faults = new Map<string, Finding>();
    const ask = async (email: string): Promise<void> => {
      const found = await google.find({ api: IAM, path: accountPath(email, context) }, trail);
      if (found === null) {
        faults.set(email, { said: `${email} does not exist`, remedies: [terraformMakes(email)] });
      } else if (at(found, "disabled") === true) {
        const project = projectOfAccount(email, context.project);
        const remedies = [`gcloud iam service-accounts enable ${email} --project=${project}`];
        faults.set(email, { said: `${email} is disabled`, remedies });
      }
    };
    await Promise.all(emails.map(ask));
    const verdict = judge([...faults.values()], `${emails.length} exist and are enabled`);
    const broken = byPart.filter(([, email]) => faults.has(email)).map(([part]) => part);
    return verdict.status === "ok" ? verdict : { ...verdict, broken };
  },
};

const signingRight: OperatorProbe = {
  id: "signing-right",
  title: "The worker's right to sign",
  needs: ["accounts:worker", "accounts:delegated"],
  async run(context, trail) {
    const { delegated, worker } = (await readDeployment(context, trail)).accounts;
    const project = projectOfAccount(delegated, context.project);
    const policies = await Promise.all([accountPolicy(context, delegated, trail), projectPolicy(context, trail)]);
    const grants = await grantsOf("iam.serviceAccounts.signJwt", policies, context, trail);
    if (grants.some(({ member }) => member === serviceAccount(worker))) {
      return ok(worker === delegated ? `${worker} may sign as itself` : `${worker} may sign as ${delegated}`);
    }
    return wrong(
      `${worker} may not sign as ${worker === delegated ? "itself" : delegated} (a grant takes up to 7 minutes)`,
      `gcloud iam service-accounts add-iam-policy-binding ${delegated} --member=${serviceAccount(worker)} --role=roles/iam.serviceAccountTokenCreator --project=${project}`,
    );
  },
};

const keys: OperatorProbe = {
  id: "keys",
  title: "Downloaded keys",
  needs: ["accounts:worker", "accounts:delegated"],
  async run(context, trail) {
    const { google } = context;
    const { delegated } = (await readDeployment(context, trail)).accounts;
    const project = projectOfAccount(delegated, context.project);
    const path = `${accountPath(delegated, context)}/keys?keyTypes=USER_MANAGED`;
    const found = listAt(await google.ask({ api: IAM, path }, trail), "keys").map((key) => textAt(key, "name") ?? "");
    if (found.length === 0) return ok(`${delegated} has none`);
    return wrong(
      `${delegated} has ${found.length}: whoever has one acts for every mailbox of the delegation`,
      ...found.map(
        (name) =>
          `gcloud iam service-accounts keys delete ${name.split("/").at(-1)} --iam-account=${delegated} --project=${project}`,
      ),
    );
  },
};

/** On the account itself or on the whole project, these let their holder act as it without touching the worker. */
const ACTS_AS = [
  "roles/iam.serviceAccountTokenCreator",
  "roles/iam.workloadIdentityUser",
  "roles/iam.serviceAccountKeyAdmin",
];
/** On the whole project these do so by way of a deployment. */
const DEPLOYS_AS = ["roles/iam.serviceAccountUser", "roles/iam.serviceAccountAdmin", "roles/editor"];

const otherSigners: OperatorProbe = {
  id: "other-signers",
  title: "Who else can act as the delegated account",
  needs: ["accounts:worker", "accounts:delegated"],
  async run(context, trail) {
    const { project } = context;
    const { delegated, worker } = (await readDeployment(context, trail)).accounts;
    const policies = await Promise.all([accountPolicy(context, delegated, trail), projectPolicy(context, trail)]);
    const signing = await grantsOf("iam.serviceAccounts.signJwt", policies, context, trail);
    const isOther = ({ member }: { member: string }): boolean => member !== serviceAccount(worker);
    const [onAccount = [], onProject = []] = policies.map((policy) => grantsIn(policy).filter(isOther));
    const acts = (role: string): boolean => ACTS_AS.includes(role) || signing.some((grant) => grant.role === role);
    const findings: Finding[] = [
      ...onAccount
        .filter(({ role }) => acts(role))
        .map(({ member, role }) => ({
          said: `${member} by ${role} on ${delegated}`,
          remedies: [
            `gcloud iam service-accounts remove-iam-policy-binding ${delegated} --member=${quoted(member)} --role=${quoted(role)} --project=${projectOfAccount(delegated, project)}`,
          ],
        })),
      ...onProject
        .filter(({ role }) => acts(role) || DEPLOYS_AS.includes(role))
        .map(({ member, role }) => ({
          said: `${member} by ${role} on ${project}`,
          remedies: [
            `gcloud projects remove-iam-policy-binding ${project} --member=${quoted(member)} --role=${quoted(role)}`,
          ],
        })),
    ];
    return judge(findings, `nobody but ${worker} and the project's owners`, "warning");
  },
};

const audit: OperatorProbe = {
  id: "audit",
  title: "Log of signatures",
  needs: ["apis:cloudresourcemanager.googleapis.com"],
  async run(context, trail) {
    const policy = await projectPolicy(context, trail);
    const logged = listAt(policy, "auditConfigs")
      .filter((config) => ["iam.googleapis.com", "allServices"].includes(textAt(config, "service") ?? ""))
      .flatMap((config) => listAt(config, "auditLogConfigs").map((entry) => textAt(entry, "logType")));
    if (logged.includes("DATA_READ")) return ok("each signature is in the audit log");
    return warning(
      "signatures are not logged: nobody would see that somebody else signs",
      terraformMakes(`the Data Access audit log of IAM in ${context.project}`),
    );
  },
};

export const SIGNER_PROBES: readonly OperatorProbe[] = [accounts, signingRight];
export const EXPOSURE_PROBES: readonly OperatorProbe[] = [keys, otherSigners, audit];
