import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { OPERATOR_PROBES } from "@draftmill/api/cli/doctor/operator-probes.ts";
import type { ProjectFaultName } from "@draftmill/local/google/cloud/project-faults.ts";
import type { Report } from "@draftmill/shared/doctor/report.ts";
import { findGcloud } from "../../support/gcloud.ts";
import { faultsOfGcloud, gcloudCommandsIn } from "../../support/gcloud-lint.ts";
import { haveMetadataServer, MAILBOX, operatorHalf, PROJECT, reportOf, startDeployedGoogle } from "./doctor-halves.ts";
import { OPERATOR_FAULTS } from "./operator-faults.ts";

const google = await startDeployedGoogle();
const remedies = new Set<string>();
test.after(() => google.close());

const ASKED = ["--project", PROJECT, "--mailbox", MAILBOX];

/** Those that neither hold nor were skipped. */
function faultsIn({ probes }: Report): readonly Report["probes"][number][] {
  return probes.filter(({ status }) => status !== "ok" && status !== "skipped");
}

test("a healthy deployment: every probe is ok, each says what it called, the four questions come first", async () => {
  const { code, printed } = await operatorHalf(google, ...ASKED);
  assert.equal(code, 0, printed);
  assert.match(
    printed,
    /1\. Are the Gmail .* ok\n2\. Does the service account .* ok\n3\. .*the worker's half tells\n4\./,
  );
  const report = reportOf(await operatorHalf(google, ...ASKED, "--json"));
  assert.deepEqual(
    report.probes.map(({ id, status }) => [id, status]),
    OPERATOR_PROBES.map(({ id }) => [id, "ok"]),
  );
  for (const { id, called } of report.probes) assert.ok(called.length > 0 || ["mailboxes", "callers"].includes(id), id);
  assert.match(report.next.join("\n"), /gcloud run jobs execute draftmill-doctor .*--mailbox=rep@example\.com$/m);
});

test("one fault at a time: the right probe tells it, no other does, and its remedy names what is to be mended", async (t) => {
  const caughtBy = new Set<string>();
  for (const [fault, { probe, as = "wrong", names, grants }] of Object.entries(OPERATOR_FAULTS)) {
    google.cloud.breakIt(fault as ProjectFaultName);
    const ran = await operatorHalf(google, ...ASKED, "--json");
    google.cloud.mend();
    const report = reportOf(ran);
    const found = faultsIn(report);
    assert.deepEqual(
      found.map(({ id, status }) => [id, status]),
      [[probe, as]],
      `${fault}: ${JSON.stringify(found, null, 1)}`,
    );
    assert.ok(found[0]?.remedies.join("\n").includes(names), `${fault}: ${found[0]?.remedies.join("\n")}`);
    const granted = found[0]?.remedies.flatMap((remedy) => remedy.match(/(?<=add-iam.* --role=)\S+/) ?? []);
    assert.deepEqual(granted, grants === undefined ? [] : [grants], fault);
    assert.equal(ran.code, as === "wrong" ? 1 : 0, fault);
    for (const remedy of [...(found[0]?.remedies ?? []), ...report.next]) remedies.add(remedy);
    const unwell = new Set([probe]);
    for (const { id, status, said } of report.probes.filter((one) => one.status === "skipped")) {
      assert.ok(unwell.has(said.split(" ")[2] ?? ""), `${fault}: ${id} is ${status} ${said}`);
      unwell.add(id);
    }
    caughtBy.add(probe);
    t.diagnostic(`${fault} -> ${probe}`);
  }
  const untried = OPERATOR_PROBES.map(({ id }) => id).filter((id) => !caughtBy.has(id));
  assert.deepEqual(untried, ["identity"], "the next test has it");
});

test("a callers' file is held to the service: what it grants beyond MAILBOXES, and what is no file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-callers-"));
  const callersFrom = async (text: string) => {
    const path = join(folder, "callers.json");
    await writeFile(path, text);
    const ran = await operatorHalf(google, ...ASKED, "--callers", path, "--json");
    return reportOf(ran).probes.find(({ id }) => id === "callers");
  };
  const granting = (mailbox: string): string =>
    JSON.stringify({ callers: [{ caller: "crm@example.com", mailboxes: [mailbox], role: "submit" }] });
  try {
    assert.equal((await callersFrom(granting("@example.com")))?.status, "ok");
    const beyond = await callersFrom(granting("@example.org"));
    assert.equal(beyond?.status, "wrong");
    assert.match(beyond?.said ?? "", /crm@example\.com: @example\.org is not among the MAILBOXES of draftmill-api/);
    assert.equal((await callersFrom("{}"))?.status, "wrong");
    assert.equal((await operatorHalf(google, ...ASKED, "--callers", join(folder, "none.json"))).code, 1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("without credentials nothing but that is told", async () => {
  haveMetadataServer("127.0.0.1:9");
  const ran = await operatorHalf(google, ...ASKED, "--json");
  haveMetadataServer(google.environment().GCE_METADATA_HOST ?? "");
  assert.deepEqual(
    faultsIn(reportOf(ran)).map(({ id, status }) => [id, status]),
    [["identity", "wrong"]],
  );
  assert.equal(ran.code, 1);
});

test("an API that does not answer is neither good nor bad news: exit code 3", async () => {
  google.faults.next("cloud.read", 1, { kind: "drop" });
  const ran = await operatorHalf(google, ...ASKED, "--json");
  assert.deepEqual(
    faultsIn(reportOf(ran)).map(({ id, status }) => [id, status]),
    [["identity", "cannot-tell"]],
  );
  assert.equal(ran.code, 3);
  assert.deepEqual(google.faults.pending(), []);
});

test("a right that whoever asks does not have is asked for by its name", async () => {
  google.faults.next("cloud.read", 2, { kind: "answer", error: "cloudPermissionDenied" });
  const report = reportOf(await operatorHalf(google, ...ASKED, "--json"));
  assert.deepEqual(
    faultsIn(report).map(({ id, status }) => [id, status]),
    [
      ["identity", "cannot-tell"],
      ["project", "wrong"],
    ],
    "a project that may not be seen is told like one that is not there",
  );
  const asked = faultsIn(report).flatMap(({ remedies: all }) => all);
  assert.match(asked.join("\n"), /roles\/viewer.*resourcemanager\.projects\.get/);
});

test("a command line that cannot be right ends with 2 and asks nobody", async () => {
  const before = google.calls.count("cloud.read");
  for (const args of [
    ["--project", "No Project"],
    ["--project", PROJECT, "--region", "eu west"],
    ["--mailbox", "a'b"],
  ]) {
    assert.equal((await operatorHalf(google, ...args)).code, 2, args.join(" "));
  }
  assert.equal(google.calls.count("cloud.read"), before);
});

test("nothing that the operator's half asks changes anything", () => {
  assert.deepEqual(google.violations, []);
});

test("every gcloud command among the remedies is one that gcloud knows, with flags that it has", {
  skip: findGcloud() === null && "no gcloud on this machine",
}, async (t) => {
  const commands = gcloudCommandsIn(remedies);
  const misspelt = "gcloud pubsub subscriptions update S --ack-dedline=10";
  const faults = await faultsOfGcloud([...commands, misspelt], process.env);
  assert.deepEqual(
    faults.map((fault) => fault.split("\n")[0]),
    [misspelt],
    faults.join("\n"),
  );
  t.diagnostic(`${commands.length} commands`);
});
