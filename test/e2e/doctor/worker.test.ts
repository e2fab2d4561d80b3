import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import type { Report } from "@draftmill/shared/doctor/report.ts";
import { haveMetadataServer, MAILBOX, reportOf, startDeployedGoogle, workerHalf } from "./doctor-halves.ts";
import { WORKER_FAULTS } from "./worker-faults.ts";

const google = await startDeployedGoogle();
test.after(() => google.close());

const ALL = [`--mailbox=${MAILBOX}`, "--write", "--live", "--strict"];

function unwell({ probes }: Report): (readonly [string, string])[] {
  return probes
    .filter(({ status }) => status !== "ok" && status !== "skipped")
    .map(({ id, status }) => [id, status] as const);
}

test("a worker with nothing wrong: a mailbox is proved by its profile, and no draft is made", async () => {
  const { code, printed } = await workerHalf(google);
  assert.equal(code, 0, printed);
  assert.match(printed, /3\. Is domain-wide delegation granted, with the scope\? +ok\n4\. .* ok\n/);
  assert.match(printed, /rep@example\.com has Gmail, 0 messages\n.*getProfile 200/);
  assert.equal(google.calls.count("getProfile", MAILBOX), 1);
  assert.equal(google.calls.count("drafts.create"), 0);
});

test("with --write one draft is made and deleted, with --live it is measured whether drafts are found again", async () => {
  google.calls.clear();
  google.admin.setListLag(MAILBOX, 400);
  const ran = await workerHalf(google, [...ALL, "--json"]);
  google.admin.setListLag(MAILBOX, 0);
  const report = reportOf(ran);
  assert.deepEqual(unwell(report), [], ran.printed);
  const marker = report.probes.find(({ id }) => id === "marker")?.said ?? "";
  assert.match(marker, /X-Draftmill-Id is kept; Message-ID is replaced; the thread is named for its first message/);
  const [, lagMs] = /the list showed it (\d+) ms/.exec(marker) ?? [];
  assert.ok(Number(lagMs) >= 300, marker);
  assert.equal(google.calls.count("drafts.create", MAILBOX), 2);
  assert.equal(google.calls.count("drafts.delete", MAILBOX), 2);
  assert.deepEqual(google.drafts(MAILBOX), []);
});

test("one fault at a time: the right probe tells it, no other does, and its remedy names what is to be mended", async (t) => {
  const tried = new Set<string>();
  for (const [name, fault] of Object.entries(WORKER_FAULTS)) {
    const { probe, as = "wrong", names, args = [], environment = {} } = fault;
    fault.breakIt(google);
    const ran = await workerHalf(google, [`--mailbox=${MAILBOX}`, ...args, "--json"], environment);
    fault.mend(google);
    const report = reportOf(ran);
    assert.deepEqual(unwell(report), [[probe, as]], `${name}: ${ran.printed}`);
    const found = report.probes.find(({ id }) => id === probe)?.remedies ?? [];
    assert.ok(found.join("\n").includes(names), `${name}: ${found.join("\n")}`);
    assert.equal(ran.code, { wrong: 1, warning: 0, "cannot-tell": 3 }[as], name);
    assert.deepEqual(google.faults.pending(), [], name);
    tried.add(probe);
    t.diagnostic(`${name} -> ${probe}`);
  }
  const { probes } = reportOf(await workerHalf(google, [...ALL, "--json"]));
  const untried = probes.map(({ id }) => id).filter((id) => !tried.has(id));
  assert.deepEqual(untried, ["identity", "clock"], "the next two tests have them");
});

test("a clock that is an hour off is told as that, and not as a delegation that is missing", async () => {
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + 3_600_000 };
  const ran = await workerHalf(google, [`--mailbox=${MAILBOX}`, "--json"], {}, clock);
  assert.deepEqual(unwell(reportOf(ran)), [["clock", "wrong"]], ran.printed);
});

test("without an identity nothing but that is told", async () => {
  haveMetadataServer("127.0.0.1:9");
  const ran = await workerHalf(google, [`--mailbox=${MAILBOX}`, "--json"]);
  haveMetadataServer(google.environment().GCE_METADATA_HOST ?? "");
  assert.deepEqual(unwell(reportOf(ran)), [["identity", "wrong"]], ran.printed);
  assert.equal(ran.code, 1);
});

test("a draft that cannot be deleted is said to be there, and a refused option asks nobody", async () => {
  google.faults.next("drafts.delete", 1, { kind: "answer", error: "unavailable" });
  const ran = await workerHalf(google, [`--mailbox=${MAILBOX}`, "--write", "--json"]);
  assert.deepEqual(unwell(reportOf(ran)), [["draft", "cannot-tell"]], ran.printed);
  assert.match(ran.printed, new RegExp(google.drafts(MAILBOX)[0]?.id ?? "no draft"));
  google.calls.clear();
  assert.equal((await workerHalf(google, ["--send"])).code, 2);
  assert.equal((await workerHalf(google, ["--mailbox=nobody"])).code, 2);
  assert.deepEqual(google.calls.list(), []);
});

test("with no mailbox to prove the rest is told, and that the mailbox is not", async () => {
  const ran = await workerHalf(google, ["--json"]);
  const report = reportOf(ran);
  assert.deepEqual(unwell(report), [["user", "cannot-tell"]], ran.printed);
  assert.deepEqual(
    report.probes.map(({ id }) => id),
    ["identity", "clock", "user", "publishing", "ledger"],
  );
  assert.equal(ran.code, 3);
  const first = reportOf(await workerHalf(google, ["--json"], { MAILBOXES: `@example.org, ${MAILBOX}` }));
  assert.deepEqual([first.about, first.verdict], [MAILBOX, "ok"]);
});

test("nothing was ever sent", () => {
  assert.deepEqual(google.violations, []);
});
