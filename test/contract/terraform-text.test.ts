import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { API_VARIABLES } from "@draftmill/api/config.ts";
import { ERROR_CODES } from "@draftmill/shared/error-codes.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import { createLogger } from "@draftmill/shared/log.ts";
import { WORKER_VARIABLES } from "@draftmill/worker/config.ts";
import { logLetter } from "@draftmill/worker/dead-letters/letter-log.ts";
import { logDelivery } from "@draftmill/worker/delivery-log.ts";
import type { Outcome } from "@draftmill/worker/outcome.ts";
import { aRecord } from "../conformance/ledger/a-record.ts";
import { type LogLine, parseLogFilter } from "../support/log-filter.ts";
import { ROOT, readText, tableUnder } from "../support/readme.ts";
import { trackedFiles } from "../support/repository.ts";

const FOLDER = "infra/terraform";
const RUNBOOK = "infra/docs/runbook.md";
const hcl = (file: string): string => readText(`${FOLDER}/${file}`);
const SOURCES = ["shared/src", "services/api/src", "services/worker/src"]
  .flatMap((folder) =>
    readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path}`),
  )
  .filter((path) => path.endsWith(".ts"))
  .map(readText)
  .join("\n");

/** The text of `name = { … }` or `name = merge(…)` at the top of a locals block. */
function local(file: string, name: string): string {
  const found = new RegExp(`^  ${name} += [^\\n]*[({]\\n([\\s\\S]*?)^  [)}]`, "m").exec(hcl(file))?.[1];
  assert.ok(found, `${file} has a local ${name}`);
  return found;
}

function variablesIn(name: string): string[] {
  return [...local("run.tf", name).matchAll(/\b([A-Z][A-Z_]+) += /g)].map(([, variable = ""]) => variable);
}

/** What is left to its default on Cloud Run, and why. */
const NOT_SET: Readonly<Record<string, string>> = {
  PORT: "Cloud Run sets it",
  HOST: "all addresses, as Cloud Run wants",
  LOG_LEVEL: "info is what the metrics read",
  K_SERVICE: "Cloud Run sets it",
  GCE_METADATA_HOST: "Google's own",
  PUBSUB_EMULATOR_HOST: "no emulator",
  FIRESTORE_EMULATOR_HOST: "no emulator",
  FIRESTORE_ENDPOINT: "Google's own",
  IAM_CREDENTIALS_ENDPOINT: "Google's own",
  SERVICE_ACCOUNTS_ENDPOINT: "Google's own",
  GMAIL_ENDPOINT: "Google's own",
  OAUTH_TOKEN_ENDPOINT: "Google's own",
  GOOGLE_CERTS_ENDPOINT: "Google's own",
  GOOGLE_TRANSPORT: "the faster one",
  PUBLISH_BY: "the faster one",
  GMAIL_SCOPE: "the delegation is new",
  ALLOW_UNAUTHENTICATED: "never here",
  PUSH_AUTH_MODE: "oidc",
  CLAIM_LEASE_MS: "the protocol's own",
  REPLAY_LEASE_MS: "the protocol's own",
  GOOGLE_TIMEOUT_MS: "the protocol's own",
};

test("each variable that a service reads is set by Terraform or left alone for a reason, and no other is set", () => {
  const services = { api: API_VARIABLES, worker: WORKER_VARIABLES } as const;
  for (const [service, variables] of Object.entries(services)) {
    const set = new Set([...variablesIn("service_env"), ...variablesIn(`${service}_env`)]);
    assert.deepEqual(
      Object.keys(variables).filter((name) => set.has(name) === Object.hasOwn(NOT_SET, name)),
      [],
      `${service}: set and in the table, or neither`,
    );
    assert.deepEqual(
      [...set].filter((name) => !Object.hasOwn(variables, name)),
      [],
      `${service} does not read it`,
    );
  }
  const read = new Set(Object.values(services).flatMap((variables) => Object.keys(variables)));
  assert.deepEqual(
    Object.keys(NOT_SET).filter((name) => !read.has(name)),
    [],
  );
  const documented = tableUnder(readText("README.md"), "Configuration").join("\n");
  for (const name of variablesIn("service_env")) assert.ok(documented.includes(`\`${name}\``), name);
});

test("what Terraform promises of the worker is what the worker does", () => {
  assert.match(hcl("run.tf"), new RegExp(`ordering_shards += ${WORKER_VARIABLES.ORDERING_SHARDS.fallback}\\n`));
  const routes = [...SOURCES.matchAll(/app\.post\("(\/[\w-]+)", verified/g)].map(([, path = ""]) => path);
  assert.deepEqual(routes.sort(), ["/dead-letters", "/push", "/sweep"]);
  const called = `${hcl("pubsub.tf")}${hcl("run.tf")}`.matchAll(/(?:push_endpoint|uri) += "\$\{[^}]+\}(\/[\w-]+)"/g);
  assert.deepEqual([...called].map(([, path = ""]) => path).sort(), routes);
  // A delivery gives up its wait before Cloud Run and Pub/Sub give up the delivery, and a sweep before Scheduler does.
  const heldMs = Number(/HOLD_MAX_MS = ([\d_]+)/.exec(SOURCES)?.[1]?.replaceAll("_", ""));
  const timeoutSeconds = Number(/timeout += "(\d+)s" # as the ack deadline/.exec(hcl("run.tf"))?.[1]);
  assert.ok(heldMs > 0 && heldMs + 30_000 < timeoutSeconds * 1_000, `${heldMs} ms, ${timeoutSeconds} s`);
  const sweptMs = Number(
    /BUDGET_MS = ([\d_]+)/.exec(readText("services/worker/src/sweep/sweep.ts"))?.[1]?.replaceAll("_", ""),
  );
  const deadlineSeconds = Number(/attempt_deadline += "(\d+)s"/.exec(hcl("run.tf"))?.[1]);
  assert.ok(sweptMs > 0 && sweptMs < deadlineSeconds * 1_000, `${sweptMs} ms, ${deadlineSeconds} s`);
  for (const path of hcl("run.tf").matchAll(/http_get \{ path = "([^"]+)" \}/g))
    assert.ok(SOURCES.includes(`"${path[1]}"`));
});

/** Of each log-based metric its filter and labels. */
const METRICS = new Map(
  [...local("metrics.tf", "log_metrics").matchAll(/^ {4}(\w+) = \{([\s\S]*?)^ {4}\}/gm)].map(
    ([, name = "", body = ""]) => [
      name,
      {
        filter: /filter += "(.*)"\n/.exec(body)?.[1]?.replaceAll('\\"', '"') ?? "",
        labels: [...(/labels += \[(.*)\]/.exec(body)?.[1] ?? "").matchAll(/"(\w+)"/g)].map(([, label = ""]) => label),
      },
    ],
  ),
);

/** What the services write: deliveries and dead letters of every outcome, by the functions that write them. */
function linesWritten(): readonly LogLine[] {
  const written: LogLine[] = [];
  const log = createLogger("worker", "debug", { write: (line: string) => void written.push(JSON.parse(line)) });
  const pushed = {
    messageId: "1",
    data: Buffer.from("{}"),
    attributes: {},
    deliveryAttempt: 1,
    orderingKey: null,
    publishTime: null,
  };
  const about = { pushed: pushed as never, requestId: "r", status: 204, durationMs: 1 };
  const record = aRecord();
  // Each kind has its place here: a new one is to be counted or left out on purpose.
  const outcomes: { readonly [K in Outcome["kind"]]: readonly Extract<Outcome, { readonly kind: K }>[] } = {
    created: [{ kind: "created", draftId: "d", found: false, record }],
    duplicate: [{ kind: "duplicate", state: "created", record }],
    "dead-lettered": [
      { kind: "dead-lettered", error: new DraftError("DELEGATION_MISSING"), record },
      { kind: "dead-lettered", error: new DraftError("RECIPIENT_REJECTED"), record },
    ],
    parked: [
      { kind: "parked", code: "DELEGATION_MISSING", incident: "i", record },
      { kind: "parked", code: "BATCH_PAUSED", incident: null, record },
    ],
    scheduled: [{ kind: "scheduled", notBeforeMs: 1, record }],
    canceled: [{ kind: "canceled", code: "BATCH_CANCELED" }],
    "handed-back": [{ kind: "handed-back", error: new DraftError("GMAIL_THROTTLED") }],
    retry: [{ kind: "retry", error: new DraftError("GMAIL_UNAVAILABLE") }],
  };
  for (const outcome of Object.values(outcomes).flat())
    logDelivery({ log, project: "p" }, { ...about, outcome } as never);
  for (const state of ["dead", "failed", "parked"] as const) {
    logLetter({ log, project: "p" }, {
      ...about,
      outcome: { kind: "recorded", state, code: "ATTEMPTS_EXHAUSTED" },
    } as never);
  }
  logLetter({ log, project: "p" }, { ...about, outcome: { kind: "known", state: "created" } } as never);
  return written;
}

test("each metric counts lines that the services write, by fields that these have", () => {
  assert.ok(METRICS.size >= 10);
  const lines = linesWritten();
  for (const [name, { filter, labels }] of METRICS) {
    const event = /jsonPayload\.message="([^"]+)"/.exec(filter)?.[1] ?? "";
    assert.match(SOURCES, new RegExp(`"${event.replace(".", "\\.")}"`), `${name}: nothing logs ${event}`);
    assert.ok(parseLogFilter(filter), name);
    const own = lines.filter(({ message }) => message === event);
    // Of the other events there is one place each that logs them; it is looked at below.
    if (own.length === 0) continue;
    const counted = own.filter(parseLogFilter(filter));
    assert.ok(counted.length > 0, `${name} counts nothing`);
    for (const label of labels)
      assert.ok(
        counted.some((line) => label in line),
        `${name}: no ${label}`,
      );
  }
  for (const [, code = ""] of hcl("metrics.tf").matchAll(/jsonPayload\.code!?=\\"(\w+)\\"/g)) {
    assert.ok(Object.hasOwn(ERROR_CODES, code), code);
  }
});

test("of the deliveries, ended and failed are counted as the burn rate means them", () => {
  const counted = (name: string): string[] =>
    linesWritten()
      .filter(parseLogFilter(METRICS.get(name)?.filter ?? ""))
      .map(({ outcome, code, state }) => [outcome, code, state].filter(Boolean).join(" "));
  assert.deepEqual(counted("drafts_failed"), ["dead-lettered DELEGATION_MISSING", "parked DELEGATION_MISSING"]);
  assert.deepEqual(counted("drafts_ended"), [
    "created",
    "dead-lettered DELEGATION_MISSING",
    "dead-lettered RECIPIENT_REJECTED",
    "parked DELEGATION_MISSING",
  ]);
  assert.deepEqual(counted("deliveries_repeated"), ["handed-back GMAIL_THROTTLED", "retry GMAIL_UNAVAILABLE"]);
  assert.deepEqual(counted("requests_dead"), ["recorded ATTEMPTS_EXHAUSTED dead"]);
});

test("each alert and tile reads a metric that is made, and each alert leads to a heading of the runbook", () => {
  const made = new Set([...METRICS.keys(), "settle_ms", "foreign_signatures", "delegate_changes"]);
  const used = [...`${hcl("alerts.tf")}${hcl("dashboard.tf")}`.matchAll(/\$\{local\.own\}\/(\w+)/g)].map(
    ([, name = ""]) => name,
  );
  assert.deepEqual(
    used.filter((name) => !made.has(name)),
    [],
  );
  assert.deepEqual(
    [...made].filter((name) => !used.includes(name)),
    [],
    "a metric that nobody looks at is paid for",
  );
  const titles = [
    ...[...local("alerts.tf", "alerts").matchAll(/title += "([^"]+)"/g)].map(([, title = ""]) => title),
    /burn_title += "([^"]+)"/.exec(hcl("alerts.tf"))?.[1] ?? "",
    /display_name = "([^"$]+)"\n {4}condition_absent/.exec(hcl("alerts.tf"))?.[1] ?? "",
  ];
  assert.ok(titles.length >= 11);
  const headings = [...readText(RUNBOOK).matchAll(/^## (.*)$/gm)].map(([, heading = ""]) => heading);
  for (const title of titles) assert.ok(headings.includes(title), `the runbook has no heading "${title}"`);
  const watched = tableUnder(readText(RUNBOOK), "What is watched").slice(2);
  const severities = [...hcl("alerts.tf").matchAll(/severity += "([A-Z]+)"/g)].map(([, severity = ""]) => severity);
  assert.deepEqual(watched.map((row) => / ([A-Z]+) \|$/.exec(row)?.[1]).sort(), severities.sort());
  const linked = watched.map((row) => /^\| \[([^\]]+)\]\(#([\w-]+)\)/.exec(row)?.slice(1) ?? []);
  assert.deepEqual([...new Set(linked.map(([title]) => title))].sort(), [...titles].sort());
  for (const [title = "", slug] of linked) assert.equal(slug, title.toLowerCase().replaceAll(" ", "-"));
  // GitHub makes the link of a heading so; Terraform makes it by these two replacements alone.
  for (const title of titles) assert.match(title, /^[A-Za-z0-9 ]+$/);
});

test("the alert on foreign signatures looks for what SECURITY.md says", () => {
  const shapeOf = (filter: string): string[] =>
    [...filter.matchAll(/^\s*([\w.]+)(=~|!=|=)"([^"]*)"$/gm)].map(([, field, operator, value = ""]) => {
      // Accounts differ from one installation to the next.
      return `${field} ${operator} ${value.includes("@") || value.includes("${") ? "(account)" : value}`;
    });
  const [, ours = ""] = /"foreign_signatures" \{[\s\S]*?<<-EOT\n([\s\S]*?) {2}EOT/.exec(hcl("metrics.tf")) ?? [];
  const [, told = ""] =
    /```\n(resource\.type="service_account"[\s\S]*?)```/.exec(readText("infra/docs/SECURITY.md")) ?? [];
  assert.equal(shapeOf(ours).length, 6);
  assert.deepEqual(shapeOf(ours), shapeOf(told));
});

test("each variable and output says what it is for, and is explained nowhere twice", () => {
  for (const file of ["variables.tf", "outputs.tf"]) {
    for (const [block = ""] of hcl(file).matchAll(/^(?:variable|output) "\w+" \{\n[\s\S]*?^\}/gm)) {
      assert.match(block, /^ {2}description += "[A-Z].{10,}"$|^ {2}description += "[a-z]\w+:? .{10,}"$/m, block);
    }
  }
  assert.deepEqual(
    trackedFiles().filter((path) => path.endsWith(".tfvars")),
    [],
    "these are of one installation",
  );
});
