import { DATABASE, type Entries, type ProjectNames } from "./project-names.ts";

/** As shared/src/ledger/README.md has them made. */
const INDEXES: readonly (readonly [collection: string, ...fields: string[]])[] = [
  ["drafts", "state", "created desc"],
  ["drafts", "mailbox", "created desc"],
  ["drafts", "batch", "created desc"],
  ["drafts", "code", "created desc"],
  ["drafts", "code", "mailbox", "state"],
  ["drafts", "mailbox", "code", "state"],
  ["drafts", "recipients contains", "created desc"],
  ["documents", "kind", "created desc"],
];

export function firestoreResources({ project }: ProjectNames): Entries {
  const name = `projects/${project}/databases/${DATABASE}`;
  const base = `firestore.googleapis.com/v1/${name}`;
  const indexOf = (collection: string, fields: readonly string[], at: number) => ({
    name: `${name}/collectionGroups/${collection}/indexes/CICAgOjXh4EK${at}`,
    queryScope: "COLLECTION",
    fields: [...fields, "__name__"].map((field) => {
      const [fieldPath, how] = field.split(" ");
      if (how === "contains") return { fieldPath, arrayConfig: "CONTAINS" };
      return { fieldPath, order: how === "desc" ? "DESCENDING" : "ASCENDING" };
    }),
    state: "READY",
  });
  return [
    [
      base,
      {
        name,
        uid: "5d3c1a77-0000-4000-8000-6e0f5a2b9c41",
        createTime: "2026-11-01T08:00:00.123456Z",
        locationId: "eur3",
        type: "FIRESTORE_NATIVE",
        concurrencyMode: "OPTIMISTIC",
        deleteProtectionState: "DELETE_PROTECTION_ENABLED",
        etag: "IPHJ1sfHqocDMNCM5MbHqocD",
      },
    ],
    ...["drafts", "documents"].flatMap(
      (collection): Entries => [
        [
          `${base}/collectionGroups/${collection}/fields/expireAt`,
          {
            name: `${name}/collectionGroups/${collection}/fields/expireAt`,
            indexConfig: {},
            ttlConfig: { state: "ACTIVE" },
          },
        ],
        [
          `${base}/collectionGroups/${collection}/indexes`,
          {
            indexes: INDEXES.filter(([of]) => of === collection).map(([of, ...fields], at) => indexOf(of, fields, at)),
          },
        ],
      ],
    ),
  ];
}
