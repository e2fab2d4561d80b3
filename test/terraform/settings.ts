/** The variables of an installation that has everything: what its plan lacks is nowhere. */
export const FULL_SETTINGS = {
  project_id: "my-project",
  mailboxes: ["rep@corp.example", "@team.example"],
  default_mailbox: "rep@corp.example",
  callers: [
    {
      caller: "crm@my-project.iam.gserviceaccount.com",
      role: "submit",
      mailboxes: ["@team.example"],
      draftsPerDay: 2000,
    },
    { caller: "@corp.example", role: "submit", mailboxes: ["rep@corp.example"], requestsPerSecond: 1 },
    { caller: "admin@corp.example", role: "operate", mailboxes: [] },
  ],
  producers: ["serviceAccount:etl@my-project.iam.gserviceaccount.com"],
  events_topic: "draft-events",
  alert_emails: ["oncall@corp.example"],
  state_bucket: "my-project-draftmill-state",
  github: { repository: "corp/draftmill", repository_id: "42" },
  images: { api: `r/api@sha256:${"a".repeat(64)}`, worker: `r/worker@sha256:${"b".repeat(64)}` },
};
