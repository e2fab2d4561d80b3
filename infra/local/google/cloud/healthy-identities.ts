import { agentOf, ENABLED_APIS, type Entries, ETAG, type ProjectNames, policy, signerRole } from "./project-names.ts";

export function identityResources(names: ProjectNames): Entries {
  const { project, number, worker, api, push } = names;
  const account = (email: string, digits: string): readonly [string, object] => [
    `iam.googleapis.com/v1/projects/${project}/serviceAccounts/${email}`,
    {
      name: `projects/${project}/serviceAccounts/${email}`,
      projectId: project,
      uniqueId: `1${digits.repeat(10)}`,
      email,
      etag: ETAG,
      oauth2ClientId: `1${digits.repeat(10)}`,
    },
  ];
  const accountPath = (email: string): string => `iam.googleapis.com/v1/projects/${project}/serviceAccounts/${email}`;
  const crm = `cloudresourcemanager.googleapis.com/v3/projects/${project}`;
  return [
    [
      crm,
      {
        name: `projects/${number}`,
        parent: "organizations/123456789012",
        projectId: project,
        state: "ACTIVE",
        displayName: project,
        createTime: "2026-01-05T08:00:00.123Z",
        etag: 'W/"1f2e3d4c5b6a7980"',
      },
    ],
    [
      `${crm}:getIamPolicy`,
      {
        ...policy(
          ["roles/owner", "user:owner@example.com"],
          ["roles/datastore.user", `serviceAccount:${api}`, `serviceAccount:${worker}`],
        ),
        auditConfigs: [
          { service: "iam.googleapis.com", auditLogConfigs: [{ logType: "DATA_READ" }, { logType: "DATA_WRITE" }] },
        ],
      },
    ],
    ...ENABLED_APIS.map((name): readonly [string, object] => [
      `serviceusage.googleapis.com/v1/projects/${project}/services/${name}`,
      { name: `projects/${number}/services/${name}`, config: { name }, state: "ENABLED", parent: `projects/${number}` },
    ]),
    account(worker, "12"),
    account(api, "34"),
    account(push, "56"),
    [`${accountPath(worker)}:getIamPolicy`, policy([signerRole(names), `serviceAccount:${worker}`])],
    [`${accountPath(push)}:getIamPolicy`, policy(["roles/iam.serviceAccountOpenIdTokenCreator", agentOf(names)])],
    [`${accountPath(worker)}/keys`, {}],
    [
      `iam.googleapis.com/v1/${signerRole(names)}`,
      {
        name: signerRole(names),
        title: "Sign JWTs",
        includedPermissions: ["iam.serviceAccounts.signJwt"],
        stage: "GA",
        etag: ETAG,
      },
    ],
    [
      `orgpolicy.googleapis.com/v2/projects/${project}/policies/iam.disableServiceAccountKeyCreation:getEffectivePolicy`,
      {
        name: `projects/${number}/policies/iam.disableServiceAccountKeyCreation`,
        spec: { rules: [{ enforce: true }] },
      },
    ],
  ];
}
