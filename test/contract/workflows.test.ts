import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { ROOT, readText } from "../support/readme.ts";
import { readManifest } from "../support/repository.ts";

const FOLDER = ".github/workflows";

interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly "working-directory"?: string;
}

interface Job {
  readonly uses?: string;
  readonly needs?: string;
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly container?: string;
  readonly "timeout-minutes"?: number;
  readonly steps?: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const WORKFLOWS = readdirSync(`${ROOT}${FOLDER}`).map((name) => {
  const text = readText(`${FOLDER}/${name}`);
  // Throws on a key that stands twice, which GitHub takes silently.
  return { name, text, workflow: parse(text, { uniqueKeys: true, strict: true }) as Workflow };
});
const JOBS = WORKFLOWS.flatMap(({ name, workflow }) =>
  Object.entries(workflow.jobs).map(([id, job]) => ({ where: `${name}: ${id}`, job })),
);
const STEPS = JOBS.flatMap(({ where, job }) => (job.steps ?? []).map((step) => ({ where, step })));

test("nobody's code but the branch's own runs with rights, and no key is kept at GitHub", () => {
  assert.deepEqual(WORKFLOWS.map(({ name }) => name).sort(), ["check.yml", "deploy.yml"]);
  for (const { name, text, workflow } of WORKFLOWS) {
    assert.ok(!("pull_request_target" in workflow.on) && !("workflow_run" in workflow.on), name);
    assert.doesNotMatch(text, /secrets\.|credentials_json|service_account_key/, name);
    assert.deepEqual(workflow.permissions, { contents: "read" }, name);
  }
  for (const { where, job } of JOBS) {
    for (const [right, value] of Object.entries(job.permissions ?? {})) {
      assert.ok(value === "read" || (right === "id-token" && job.environment === "production"), `${where}: ${right}`);
    }
    assert.ok(job.uses !== undefined || (job["timeout-minutes"] ?? 0) > 0, `${where} ends by itself`);
  }
  // What a pull request starts has no way to Google.
  for (const { name, workflow } of WORKFLOWS.filter(({ workflow: { on } }) => "pull_request" in on)) {
    for (const job of Object.values(workflow.jobs)) assert.equal(job.permissions?.["id-token"], undefined, name);
  }
});

/** The keys that these workflows need, of https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax: another is misspelt. */
const KEYS = {
  workflow: ["name", "on", "permissions", "concurrency", "jobs"],
  job: ["uses", "needs", "if", "runs-on", "container", "timeout-minutes", "environment", "permissions", "env", "steps"],
  step: ["name", "id", "if", "uses", "run", "with", "env", "working-directory"],
} as const;

test("no key of a workflow, a job or a step is misspelt", () => {
  const unknown = (where: string, one: object, known: readonly string[]): string[] =>
    Object.keys(one).flatMap((key) => (known.includes(key) ? [] : [`${where}: ${key}`]));
  assert.deepEqual(
    [
      ...WORKFLOWS.flatMap(({ name, workflow }) => unknown(name, workflow, KEYS.workflow)),
      ...JOBS.flatMap(({ where, job }) => unknown(where, job, KEYS.job)),
      ...STEPS.flatMap(({ where, step }) => unknown(where, step, KEYS.step)),
    ],
    [],
  );
  for (const { where, step } of STEPS) assert.ok((step.uses === undefined) !== (step.run === undefined), where);
});

test("every action is the commit of a release, the same one everywhere", () => {
  const used = WORKFLOWS.flatMap(({ name, text }) =>
    [...text.matchAll(/uses: (.*)$/gm)].map(([, uses = ""]) => ({ name, uses })),
  );
  const pins = new Map<string, string>();
  for (const { name, uses } of used) {
    if (uses.startsWith("./")) {
      assert.ok(existsSync(`${ROOT}${uses.slice(2)}`), `${name}: ${uses}`);
      continue;
    }
    const [, action = "", pin = ""] = /^([\w-]+\/[\w-]+)@([0-9a-f]{40} # v\d+\.\d+\.\d+)$/.exec(uses) ?? [];
    assert.notEqual(pin, "", `${name}: ${uses} is no commit with its version`);
    assert.equal(pins.get(action) ?? pin, pin, `${name}: two versions of ${action}`);
    pins.set(action, pin);
  }
  assert.ok(pins.size >= 5);
  const node = readText(".node-version").trim();
  for (const { where, job } of JOBS) assert.ok([undefined, `node:${node}-bookworm`].includes(job.container), where);
  for (const { where, step } of STEPS) {
    if (step.uses?.startsWith("actions/checkout@")) assert.equal(step.with?.["persist-credentials"], false, where);
  }
});

test("what a step runs is there, parses, and takes no text of GitHub's into its shell", () => {
  const { scripts = {} } = readManifest("package.json");
  for (const { where, step } of STEPS) {
    if (step.run === undefined) continue;
    assert.doesNotMatch(step.run, /\$\{\{/, `${where}: give it by env, where it stays text`);
    execFileSync("bash", ["-n", "-c", step.run], { stdio: "pipe" });
    for (const [, script = ""] of step.run.matchAll(/npm run (?:--\w+ )*([\w:]+)/g))
      assert.ok(scripts[script], `${where}: ${script}`);
    for (const [path] of step.run.matchAll(/(?<![\w./-])(?:infra|services|\.ci)\/[\w./-]+/g)) {
      assert.ok(existsSync(`${ROOT}${path}`) || /\.tfvars$/.test(path), `${where}: ${path}`);
    }
    // A variable of the shell is the step's own, the job's, the runner's or made in it.
    for (const [, name = ""] of step.run.matchAll(/\$\{?([A-Z][A-Z_]+)/g)) {
      assert.ok(name in (step.env ?? {}) || name.startsWith("GITHUB_"), `${where}: ${name}`);
    }
    const folder = step["working-directory"];
    if (folder !== undefined) assert.ok(existsSync(`${ROOT}${folder}`), `${where}: ${folder}`);
  }
});

test("a step refers to steps before it, and the deployment goes check, build, plan, apply, doctor, smoke", () => {
  for (const { where, job } of JOBS) {
    const known = new Set<string>();
    for (const step of job.steps ?? []) {
      for (const [, id = ""] of JSON.stringify(step).matchAll(/steps\.(\w+)\./g))
        assert.ok(known.has(id), `${where}: steps.${id}`);
      if (step.id !== undefined) known.add(step.id);
    }
  }
  const jobs = WORKFLOWS.find(({ name }) => name === "deploy.yml")?.workflow.jobs;
  assert.equal(jobs?.check?.uses, `./${FOLDER}/check.yml`);
  assert.equal(jobs?.deploy?.needs, "check");
  assert.deepEqual(
    jobs?.deploy?.steps?.flatMap(({ name }) => name ?? []),
    ["What is there", "Build the images", "Plan", "Apply", "Doctor", "Smoke"],
  );
});

test("GitHub checks with Terraform, and fails where that is missing", () => {
  const steps = WORKFLOWS.find(({ name }) => name === "check.yml")?.workflow.jobs.check?.steps ?? [];
  assert.ok(steps.some(({ uses }) => uses?.startsWith("hashicorp/setup-terraform@")));
  assert.deepEqual(steps.find(({ run }) => run === "bash .ci/run")?.env, { TERRAFORM_REQUIRED: "true" });
  assert.match(readText(".ci/run"), /TERRAFORM_REQUIRED:-\} == true[^\n]*\n {2}fail /);
});

test("the variables that the deployment reads are those that the document tells to set", () => {
  const read = new Set(
    WORKFLOWS.flatMap(({ text }) => [...text.matchAll(/vars\.(\w+)/g)].map(([, name = ""]) => name)),
  );
  const told = [...readText("infra/docs/deploy.md").matchAll(/^gh variable set (\w+) /gm)].map(([, name = ""]) => name);
  assert.deepEqual([...read].sort(), [...new Set(told)].sort());
});

test("the script and the build file that make the images fit each other", () => {
  execFileSync("bash", ["-n", `${ROOT}infra/image/build-images.sh`], { stdio: "pipe" });
  const build = parse(readText("infra/image/cloudbuild.yaml")) as {
    readonly substitutions: Readonly<Record<string, string>>;
    readonly steps: readonly { readonly args: readonly string[] }[];
  };
  assert.deepEqual(build.steps[0]?.args, [
    "infra/image/build-images.sh",
    ...Object.keys(build.substitutions).map((name) => `\${${name}}`),
  ]);
  const dockerfile = readText("infra/image/Dockerfile");
  for (const [, name = ""] of readText("infra/image/build-images.sh").matchAll(/--build-arg "(\w+)=/g)) {
    assert.match(dockerfile, new RegExp(`^ARG ${name}$`, "m"));
  }
  const major = readText(".node-version").split(".")[0];
  assert.ok(readText("infra/image/build-images.sh").includes(`distroless/nodejs${major}-debian13:`));
});
