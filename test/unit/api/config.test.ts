import assert from "node:assert/strict";
import { test } from "node:test";
import { API_VARIABLES, readApiConfig } from "@draftmill/api/config.ts";
import { describeEnv, type Environment, EnvironmentError } from "@draftmill/shared/env.ts";

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

const KNOWN = {
  GMAIL_USER: "rep@corp.example",
  AUTH_AUDIENCE: "https://api-1.run.app, https://drafts.corp.example",
  CALLERS_FILE: "/etc/draftmill/callers.json",
};

test("iam is for Cloud Run, on every address", () => {
  assert.deepEqual(problemsOf({ ...KNOWN, AUTH_MODE: "iam", K_SERVICE: "draftmill-api" }), []);
});

test("oidc serves anywhere, for the audiences that are listed", () => {
  const { callers, env } = readApiConfig({ ...KNOWN, AUTH_MODE: "oidc" });
  assert.deepEqual(callers, {
    mode: "oidc",
    audiences: ["https://api-1.run.app", "https://drafts.corp.example"],
    callersFile: "/etc/draftmill/callers.json",
  });
  assert.deepEqual(describeEnv(API_VARIABLES, env).AUTH_AUDIENCE, env.AUTH_AUDIENCE, "it is in the log as it is");
});

const REFUSED: readonly (readonly [string, Environment, RegExp])[] = [
  ["no AUTH_MODE", { ...LOCAL, AUTH_MODE: undefined }, /^AUTH_MODE is required/],
  ["an empty AUTH_MODE", { ...LOCAL, AUTH_MODE: "" }, /^AUTH_MODE is required/],
  ["an unknown AUTH_MODE", { ...LOCAL, AUTH_MODE: "open" }, /^AUTH_MODE must be one of iam, oidc, none/],
  ["iam outside Cloud Run", { ...KNOWN, AUTH_MODE: "iam" }, /^AUTH_MODE is iam without K_SERVICE/],
  ["oidc without an audience", { ...KNOWN, AUTH_MODE: "oidc", AUTH_AUDIENCE: "" }, /^AUTH_AUDIENCE is required/],
  ["oidc without callers", { ...KNOWN, AUTH_MODE: "oidc", CALLERS_FILE: undefined }, /^CALLERS_FILE is required/],
  [
    "iam without an audience",
    { ...KNOWN, AUTH_MODE: "iam", K_SERVICE: "x", AUTH_AUDIENCE: undefined },
    /^AUTH_AUDIENCE is required/,
  ],
  [
    "callers whom nobody asks for",
    { ...LOCAL, CALLERS_FILE: "callers.json" },
    /^CALLERS_FILE is set and AUTH_MODE is none/,
  ],
  [
    "audiences without commas",
    { ...KNOWN, AUTH_MODE: "oidc", AUTH_AUDIENCE: "https://a https://b" },
    /^AUTH_AUDIENCE must be/,
  ],
  ["an empty audience", { ...KNOWN, AUTH_MODE: "oidc", AUTH_AUDIENCE: "https://a,," }, /^AUTH_AUDIENCE must be/],
  ["any audience", { ...KNOWN, AUTH_MODE: "oidc", AUTH_AUDIENCE: "https://*.run.app" }, /^AUTH_AUDIENCE must be/],
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
  assert.deepEqual(names, ["PORT", "LOG_LEVEL", "GMAIL_USER", "AUTH_MODE", "AUTH_AUDIENCE", "CALLERS_FILE"]);
});

test("ALLOW_UNAUTHENTICATED=true lets none serve every address", () => {
  assert.deepEqual(problemsOf({ ...LOCAL, HOST: "0.0.0.0", ALLOW_UNAUTHENTICATED: "true" }), []);
});
