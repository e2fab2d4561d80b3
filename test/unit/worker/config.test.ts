import assert from "node:assert/strict";
import { test } from "node:test";
import { type Environment, EnvironmentError } from "@draftmill/shared/env.ts";
import { readWorkerConfig } from "@draftmill/worker/config.ts";

const SOUND = {
  GOOGLE_CLOUD_PROJECT: "demo",
  GMAIL_USER: "ada@example.com",
  PUSH_AUDIENCE: "https://worker.example",
  PUSH_SERVICE_ACCOUNT: "push@demo.iam.gserviceaccount.com",
};

function problemsOf(environment: Environment): readonly string[] {
  try {
    readWorkerConfig(environment);
  } catch (error) {
    assert.ok(error instanceof EnvironmentError, String(error));
    return error.problems;
  }
  return [];
}

test("five variables suffice on Cloud Run, and the defaults are Google's", () => {
  const { env, mailboxes, defaultMailbox, pushIdentity, subscriptions } = readWorkerConfig(SOUND);
  assert.equal(defaultMailbox, "ada@example.com");
  assert.deepEqual([...mailboxes.addresses], ["ada@example.com"]);
  assert.equal(mailboxes.domains.size, 0);
  assert.deepEqual(pushIdentity, {
    audience: "https://worker.example",
    serviceAccount: "push@demo.iam.gserviceaccount.com",
  });
  assert.deepEqual(subscriptions, {
    drafts: ["projects/demo/subscriptions/draft-requests-push"],
    deadLetters: ["projects/demo/subscriptions/draft-requests-dead-letter-push"],
  });
  assert.equal(env.GMAIL_SCOPE, "https://www.googleapis.com/auth/gmail.compose");
  assert.equal(env.OAUTH_TOKEN_ENDPOINT, "https://oauth2.googleapis.com/token");
  assert.equal(env.PORT, 8080);
});

test("a list of mailboxes replaces the default one as what may be drafted for", () => {
  const { mailboxes, defaultMailbox } = readWorkerConfig({ ...SOUND, MAILBOXES: "@corp.example" });
  assert.deepEqual([...mailboxes.addresses, ...mailboxes.domains], ["corp.example"]);
  assert.equal(defaultMailbox, "ada@example.com");
  assert.equal(readWorkerConfig({ ...SOUND, GMAIL_USER: "", MAILBOXES: "@corp.example" }).defaultMailbox, null);
});

test("pushes without a token are for an emulator alone", () => {
  const emulated = { GMAIL_USER: "ada@example.com", PUSH_AUTH_MODE: "none", PUBSUB_EMULATOR_HOST: "127.0.0.1:8085" };
  assert.equal(readWorkerConfig({ ...emulated, GOOGLE_CLOUD_PROJECT: "demo" }).pushIdentity, null);
  assert.match(problemsOf(emulated).join(), /GOOGLE_CLOUD_PROJECT is required with PUBSUB_EMULATOR_HOST/);
  assert.match(problemsOf({ ...SOUND, PUSH_AUTH_MODE: "none" }).join(), /anybody could push/);
});

for (const [what, change, why] of [
  ["no mailbox at all", { GMAIL_USER: "" }, /^GMAIL_USER or MAILBOXES is required/],
  ["no audience", { PUSH_AUDIENCE: "" }, /^PUSH_AUDIENCE and PUSH_SERVICE_ACCOUNT are required/],
  ["no service account", { PUSH_SERVICE_ACCOUNT: undefined }, /^PUSH_AUDIENCE and PUSH_SERVICE_ACCOUNT are required/],
  ["an audience with a line break", { PUSH_AUDIENCE: "https://worker.example\n" }, /^PUSH_AUDIENCE must not/],
  ["an unknown way of proof", { PUSH_AUTH_MODE: "OIDC" }, /^PUSH_AUTH_MODE must be one of oidc, none/],
  ["a lease too short for its calls", { CLAIM_LEASE_MS: "179999" }, /^GOOGLE_TIMEOUT_MS is 30000 .* sixth .*179999/],
  ["calls too long for their lease", { GOOGLE_TIMEOUT_MS: "30001" }, /^GOOGLE_TIMEOUT_MS is 30001 .* sixth .*180000/],
  ["a lease that is no number", { CLAIM_LEASE_MS: "3m" }, /^CLAIM_LEASE_MS must be a whole number/],
  ["Gmail over plain HTTP", { GMAIL_ENDPOINT: "http://gmail.example" }, /^GMAIL_ENDPOINT must be an https URL/],
  ["a ledger that is no store's", { LEDGER_URL: "firestore:My/DB" }, /^LEDGER_URL must be sqlite:PATH, firestore:/],
  [
    "an emulator of no project",
    {
      GOOGLE_CLOUD_PROJECT: "",
      DRAFTS_SUBSCRIPTION: "projects/a/subscriptions/drafts",
      DEAD_LETTER_SUBSCRIPTION: "projects/a/subscriptions/letters",
      FIRESTORE_EMULATOR_HOST: "127.0.0.1:8086",
    },
    /^GOOGLE_CLOUD_PROJECT is required with FIRE/,
  ],
  [
    "a subscription of no project",
    { GOOGLE_CLOUD_PROJECT: "", DRAFTS_SUBSCRIPTION: "projects/a/subscriptions/drafts" },
    /^GOOGLE_CLOUD_PROJECT is required, or .*DEAD_LETTER_SUBSCRIPTION/,
  ],
  [
    "a subscription of batches of no project",
    {
      GOOGLE_CLOUD_PROJECT: "",
      DRAFTS_SUBSCRIPTION: "projects/a/subscriptions/drafts",
      BATCH_SUBSCRIPTION: "batches",
      DEAD_LETTER_SUBSCRIPTION: "projects/a/subscriptions/letters",
    },
    /^GOOGLE_CLOUD_PROJECT is required, or .*BATCH_SUBSCRIPTION/,
  ],
  [
    "a topic of batches without its subscription",
    { BATCH_TOPIC: "batches" },
    /^BATCH_SUBSCRIPTION is required with BATCH_TOPIC/,
  ],
  [
    "a topic for a subscription",
    { DRAFTS_SUBSCRIPTION: "projects/a/topics/drafts" },
    /^DRAFTS_SUBSCRIPTION must be a subscription's name/,
  ],
  ["Gmail with a path", { GMAIL_ENDPOINT: "https://gmail.example/gmail" }, /^GMAIL_ENDPOINT must be an origin/],
] as const) {
  test(`refuses ${what}, and only that`, () => {
    const problems = problemsOf({ ...SOUND, ...change });
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0] ?? "", why);
  });
}

test("a lease of exactly six calls is accepted", () => {
  assert.deepEqual(problemsOf({ ...SOUND, CLAIM_LEASE_MS: "600", GOOGLE_TIMEOUT_MS: "100" }), []);
});

test("tells what is wrong with single variables and what is wrong between them at once", () => {
  const problems = problemsOf({ PORT: "http", CLAIM_LEASE_MS: "1000", PUBSUB_EMULATOR_HOST: "127.0.0.1:8085" });
  assert.deepEqual(
    problems.map((problem) => problem.split(" ")[0]),
    ["PORT", "GMAIL_USER", "GOOGLE_CLOUD_PROJECT", "GOOGLE_TIMEOUT_MS", "PUSH_AUDIENCE", "GOOGLE_CLOUD_PROJECT"],
  );
});

test("subscriptions may be of another project", () => {
  const { subscriptions } = readWorkerConfig({
    ...SOUND,
    GOOGLE_CLOUD_PROJECT: "",
    DRAFTS_SUBSCRIPTION: "projects/example.com:queues/subscriptions/drafts",
    BATCH_SUBSCRIPTION: "projects/queues/subscriptions/batches",
    DEAD_LETTER_SUBSCRIPTION: "projects/queues/subscriptions/letters",
  });
  assert.deepEqual(subscriptions, {
    drafts: ["projects/example.com:queues/subscriptions/drafts", "projects/queues/subscriptions/batches"],
    deadLetters: ["projects/queues/subscriptions/letters"],
  });
});

test("the ledger may be in the project's default database or in another", () => {
  for (const LEDGER_URL of ["firestore:", "firestore:draftmill-state", "firestore:(default)"])
    assert.equal(readWorkerConfig({ ...SOUND, LEDGER_URL }).env.LEDGER_URL, LEDGER_URL);
});
