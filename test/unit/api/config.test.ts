import assert from "node:assert/strict";
import { test } from "node:test";
import { readApiConfig } from "@draftmill/api/config.ts";
import { type Environment, EnvironmentError } from "@draftmill/shared/env.ts";

const LOCAL = { HOST: "127.0.0.1", AUTH_MODE: "none", GMAIL_USER: "rep@corp.example" };

function problemsOf(env: Environment): readonly string[] {
  try {
    readApiConfig(env);
    return [];
  } catch (error) {
    assert.ok(error instanceof EnvironmentError);
    return error.problems;
  }
}

test("a loopback address, one mailbox and AUTH_MODE are enough", () => {
  const { env, mailboxes, defaultMailbox } = readApiConfig(LOCAL);
  assert.equal(env.PORT, 8080);
  assert.equal(env.DRAFTS_TOPIC, "draft-requests");
  assert.equal(env.ORDERING_SHARDS, 16);
  assert.deepEqual([...mailboxes.addresses], ["rep@corp.example"]);
  assert.equal(defaultMailbox, "rep@corp.example");
});

test("MAILBOXES says alone who may be drafted for; GMAIL_USER stays the default", () => {
  const { mailboxes, defaultMailbox } = readApiConfig({ ...LOCAL, MAILBOXES: "@team.example" });
  assert.deepEqual([...mailboxes.addresses], []);
  assert.deepEqual([...mailboxes.domains], ["team.example"]);
  assert.equal(defaultMailbox, "rep@corp.example");
});

test("iam is for Cloud Run, on every address", () => {
  assert.deepEqual(problemsOf({ AUTH_MODE: "iam", K_SERVICE: "draftmill-api", GMAIL_USER: "rep@corp.example" }), []);
});

const REFUSED: readonly (readonly [string, Environment, RegExp])[] = [
  ["no AUTH_MODE", { ...LOCAL, AUTH_MODE: undefined }, /^AUTH_MODE is required/],
  ["an empty AUTH_MODE", { ...LOCAL, AUTH_MODE: "" }, /^AUTH_MODE is required/],
  ["an unknown AUTH_MODE", { ...LOCAL, AUTH_MODE: "open" }, /^AUTH_MODE must be one of iam, none/],
  ["oidc", { ...LOCAL, AUTH_MODE: "oidc" }, /^AUTH_MODE is oidc, .* use iam/],
  ["iam outside Cloud Run", { ...LOCAL, AUTH_MODE: "iam" }, /^AUTH_MODE is iam without K_SERVICE/],
  ["none on every address", { ...LOCAL, HOST: "0.0.0.0" }, /^AUTH_MODE is none and HOST is 0\.0\.0\.0/],
  ["none on the default address", { ...LOCAL, HOST: undefined }, /^AUTH_MODE is none and HOST is 0\.0\.0\.0/],
  ["none on a name that only looks local", { ...LOCAL, HOST: "localhost.corp.example" }, /^AUTH_MODE is none and HOST/],
  ["no mailbox at all", { ...LOCAL, GMAIL_USER: undefined }, /^GMAIL_USER or MAILBOXES is required/],
  ["a mailbox that is none", { ...LOCAL, GMAIL_USER: "rep" }, /^GMAIL_USER is not an address/],
  ["a list with a mistake", { ...LOCAL, MAILBOXES: "rep@corp.example, corp" }, /^MAILBOXES lists "corp"/],
  ["a port that only begins as one", { ...LOCAL, PORT: "80a" }, /^PORT must be a whole number/],
  ["a port that does not exist", { ...LOCAL, PORT: "65536" }, /^PORT must be a whole number/],
  [
    "a flag that is neither",
    { ...LOCAL, ALLOW_UNAUTHENTICATED: "yes" },
    /^ALLOW_UNAUTHENTICATED must be true or false/,
  ],
  [
    "an emulator without a project",
    { ...LOCAL, PUBSUB_EMULATOR_HOST: "127.0.0.1:8085" },
    /^GOOGLE_CLOUD_PROJECT is required with PUBSUB_EMULATOR_HOST/,
  ],
  [
    "a Firestore emulator without a project",
    { ...LOCAL, FIRESTORE_EMULATOR_HOST: "127.0.0.1:8086" },
    /^GOOGLE_CLOUD_PROJECT is required with FIRESTORE_EMULATOR_HOST/,
  ],
];

for (const [name, env, expected] of REFUSED) {
  test(`the environment is refused for ${name}, and for nothing else`, () => {
    const problems = problemsOf(env);
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0] ?? "", expected);
  });
}

test("problems of single variables and of several together are told at once", () => {
  const problems = problemsOf({ PORT: "80a", LOG_LEVEL: "loud", AUTH_MODE: "iam" });
  const names = problems.map((problem) => problem.split(" ")[0]);
  assert.deepEqual(names, ["PORT", "LOG_LEVEL", "GMAIL_USER", "AUTH_MODE"]);
});

test("ALLOW_UNAUTHENTICATED=true lets none serve every address", () => {
  assert.deepEqual(problemsOf({ ...LOCAL, HOST: "0.0.0.0", ALLOW_UNAUTHENTICATED: "true" }), []);
});
