import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import { type CliEnd, type CliProcess, runCli, startCli } from "../support/cli-process.ts";
import { startTestStack, type TestStack } from "../support/local-stack.ts";
import { openTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

const LEASE_MS = 3_000;
const SWEEP_EVERY_MS = 100;
/** Two rows that fit, one without an address, one without a plan. */
const PROSPECTS =
  "Email,First Name,Plan\nada@example.test,Ada,Gold\ngrace@example.test,,Silver\nnobody,N,Gold\nx@example.test,X,\n";
const OFFER = 'Subject: Your {{ plan }} plan\n\nDear {{ first_name | default: "customer" }},\nthank you.\n';

describe("the command line against the local stack", { timeout: 170_000 }, () => {
  let stack: TestStack;
  let proxy: TcpProxy;
  let cwd: string;
  let mailboxes = 0;
  before(async () => {
    cwd = await mkdtemp(join(tmpdir(), "draftmill-cli-"));
    stack = await startTestStack({
      // An undo is over when nothing can be under way any more.
      environment: { CLAIM_LEASE_MS: String(LEASE_MS), GOOGLE_TIMEOUT_MS: String(LEASE_MS / 6) },
    });
    proxy = await openTcpProxy({ targets: () => [new URL(stack.apiUrl).host] });
    await writeFile(join(cwd, "prospects.csv"), PROSPECTS);
    await writeFile(join(cwd, "offer.txt"), OFFER);
  });
  after(async () => {
    await proxy.close();
    await stack.finish();
    await rm(cwd, { recursive: true, force: true });
  });

  const newMailbox = (): string => {
    mailboxes += 1;
    return `cli${mailboxes}@example.com`;
  };
  const draftmill = (line: string, stdin?: string): Promise<CliEnd> =>
    runCli(line.split(" "), { url: stack.apiUrl, cwd, ...(stdin === undefined ? {} : { stdin }) });
  const start = (line: string, url = stack.apiUrl): CliProcess => startCli(line.split(" "), { url, cwd });
  /** With the sweeps that a minute would bring. */
  const swept = async (running: Promise<CliEnd>): Promise<CliEnd> => {
    let isOver = false;
    const ended = running.finally(() => {
      isOver = true;
    });
    for (; !isOver; await systemClock.sleep(SWEEP_EVERY_MS)) await stack.sweep();
    return ended;
  };
  const drafts = (mailbox: string) => stack.google.drafts(mailbox);
  const importing = (mailbox: string): string =>
    `import prospects.csv --template offer.txt --map to=Email --mailbox ${mailbox}`;

  it("makes one draft, and says so on stdout alone", async () => {
    const mailbox = newMailbox();
    const { code, stdout, stderr } = await draftmill(
      `draft --to ada@example.test --subject Hello --message - --mailbox ${mailbox} --wait`,
      "Dear Ada\n",
    );
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, new RegExp(`^draft +${drafts(mailbox)[0]?.id}$`, "m"));
    assert.match(String(drafts(mailbox)[0]?.raw), /Dear Ada/);
  });

  it("tells every fault of a file by row and column without a service, and the same as the service", async () => {
    const line = `${importing(newMailbox()).replace("import", "validate")} --json`;
    const offline = await runCli(line.split(" "), { url: "http://127.0.0.1:1", cwd });
    const online = await draftmill(`${line} --online`);
    assert.equal(offline.code, 3, offline.stderr);
    assert.deepEqual(JSON.parse(offline.stdout), JSON.parse(online.stdout));
    const { errors } = JSON.parse(offline.stdout) as { errors: { row: number; column: string }[] };
    assert.deepEqual(
      errors.map(({ row, column }) => [row, column]),
      [
        [3, "Email"],
        [4, "plan"],
      ],
    );
  });

  it("imports a file: what it would do, then it; follows it to its end, and the same again makes no second draft", async () => {
    const mailbox = newMailbox();
    const dry = await draftmill(`${importing(mailbox)} --dry-run`);
    assert.equal(dry.code, 3, dry.stderr);
    assert.match(dry.stdout, /^4 rows: 2 fit, 2 at fault\.\n {2}row 3, column Email: /);
    assert.match(dry.stdout, /Subject: Your Silver plan\n\n {2}Dear customer,\n {2}thank you\./);
    assert.equal(drafts(mailbox).length, 0);
    const strict = await draftmill(`${importing(mailbox)} --mode strict --yes`);
    assert.deepEqual([strict.code, strict.stdout, drafts(mailbox).length], [1, "", 0]);
    const made = await draftmill(`${importing(mailbox)} --yes --watch`);
    assert.equal(made.code, 3, made.stderr);
    assert.equal(drafts(mailbox).length, 2);
    const id = made.stdout.trim();
    assert.match(made.stderr, new RegExp(`${id}: 2/2 \\(100 %\\), finished\n$`));
    const again = await draftmill(`${importing(mailbox)} --yes --watch`);
    assert.equal(again.stdout.trim(), id);
    const otherKey = await draftmill(`${importing(mailbox)} --yes --watch --key other-${mailbox}`);
    assert.notEqual(otherKey.stdout.trim(), id);
    assert.equal(drafts(mailbox).length, 2);
    const results = await draftmill(`results ${id} --format ndjson`);
    const ids = results.stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { draftId: string }).draftId);
    assert.deepEqual(
      ids.toSorted(),
      drafts(mailbox)
        .map((one) => one.id)
        .toSorted(),
    );
    const rejected = await draftmill(`results ${id} --rejected`);
    assert.match(rejected.stdout, /^Email,First Name,Plan,draftmill_row,draftmill_error\r\nnobody,N,Gold,3,/);
    assert.match((await draftmill("batches --limit 1")).stdout, /^BATCH +NAME/);
  });

  it("goes on after Ctrl-C and after a line that breaks, with one batch of all rows, once each", async () => {
    const mailbox = newMailbox();
    const rows = Array.from(
      { length: 60 },
      (_, n) => `{"to":"p${n}@example.test","subject":"S${n}","message":"${"x".repeat(5_000)}","mailbox":"${mailbox}"}`,
    );
    await writeFile(join(cwd, "many.ndjson"), `${rows.join("\n")}\n`);
    const held = proxy.fault({ side: "request", fault: { kind: "hold" }, upon: "p20@example.test", times: 1 });
    const first = start("import many.ndjson --yes", proxy.url);
    await held.met();
    first.interrupt();
    const { code, stdout, stderr } = await first.ended;
    held.drop();
    assert.deepEqual([code, stdout], [130, ""]);
    assert.match(
      stderr,
      /Interrupted\.\nNext: what was queued stays; to go on: draftmill import many\.ndjson --yes --resume\n$/,
    );
    proxy.fault({ side: "request", fault: { kind: "cut", afterBytes: 10_000 }, upon: "p40@example.test", times: 1 });
    const { ended } = start("import many.ndjson --yes --resume --json", proxy.url);
    const second = await ended;
    assert.equal(second.code, 0, second.stderr);
    assert.match(second.stderr, /trying again in 1 s/);
    const report = JSON.parse(second.stdout) as { id: string; accepted: number };
    assert.equal(report.accepted, 60);
    const watched = JSON.parse((await draftmill(`watch ${report.id} --json`)).stdout) as { total: number };
    assert.deepEqual([watched.total, drafts(mailbox).length], [60, 60]);
  });

  it("takes a batch back, keeps what was edited and says so; the same file is then told what it needs", async () => {
    const mailbox = newMailbox();
    const id = (await draftmill(`${importing(mailbox)} --yes --watch`)).stdout.trim();
    stack.google.admin.editDraft(mailbox, drafts(mailbox)[0]?.id ?? "");
    const { code, stdout, stderr } = await swept(draftmill(`undo ${id} --yes`));
    assert.equal(code, 3, stderr);
    assert.equal(stdout, "1 deleted, 1 kept because they were edited, 0 already gone\n");
    assert.equal(drafts(mailbox).length, 1);
    const again = await draftmill(`${importing(mailbox)} --yes`);
    assert.equal(again.code, 1, again.stderr);
    const line = /was canceled.*\nNext: draftmill (import .* --key \S+)\n/.exec(again.stderr)?.[1] ?? again.stderr;
    assert.equal((await draftmill(`${line} --watch`)).code, 3);
    assert.equal(drafts(mailbox).length, 2);
  });

  it("tells failures with the command that mends them, and that command does", async () => {
    const mailbox = newMailbox();
    const refused = { kind: "answer", error: "unauthorizedClient" } as const;
    stack.google.faults.next("token", 1, refused, mailbox);
    const draft = await draftmill(`draft --to ada@example.test --subject S --message M --mailbox ${mailbox} --wait`);
    assert.equal(draft.code, 1);
    assert.match(draft.stdout, /^status +parked$/m);
    const groups = await draftmill(`failures --mailbox ${mailbox}`);
    assert.match(groups.stdout, new RegExp(`^1 +parked +DELEGATION_MISSING +${mailbox}`, "m"));
    assert.match(groups.stderr, /Next: draftmill replay --filter code=DELEGATION_MISSING\n/);
    const one = await draftmill(`failures --list --json --mailbox ${mailbox}`);
    const { id } = JSON.parse(one.stdout) as { id: string };
    const filter = `--filter code=DELEGATION_MISSING --filter mailbox=${mailbox}`;
    assert.match((await draftmill(`replay ${filter} --dry-run`)).stdout, /^1 fit, 1 can be taken up\n$/);
    const replay = await draftmill(`replay ${filter} --yes`);
    assert.deepEqual([replay.code, replay.stdout], [0, "1 taken up\n"]);
    assert.match((await draftmill(`show ${id} --wait`)).stdout, /^status +created$/m);
    assert.equal(drafts(mailbox).length, 1);
  });

  it("pauses and resumes; who watches sees it, and Ctrl-C ends the watching alone", async () => {
    const mailbox = newMailbox();
    stack.google.faults.next(
      "drafts.create",
      48,
      { kind: "answer", error: "retryAfter", retryAfterMs: 2_000 },
      mailbox,
    );
    const rows = Array.from({ length: 30 }, (_, n) =>
      JSON.stringify({ to: `p${n}@example.test`, subject: "S", message: "M", mailbox }),
    );
    const { stdout } = await draftmill("import - --yes", rows.join("\n"));
    const id = stdout.trim();
    assert.match((await draftmill(`pause ${id}`)).stdout, /paused\n$/);
    const watching = start(`watch ${id}`);
    await watching.said(/paused/);
    watching.interrupt();
    const { code, stderr } = await watching.ended;
    assert.equal(code, 130);
    assert.match(stderr, new RegExp(`to look again: draftmill watch ${id}\n$`));
    stack.google.faults.clear();
    await draftmill(`resume ${id}`);
    assert.equal((await swept(draftmill(`watch ${id}`))).code, 0);
    assert.equal(drafts(mailbox).length, 30);
  });

  it("shows what is hostile as text, ends quietly when nobody reads on, and leaves no file behind", async () => {
    const mailbox = newMailbox();
    const hostile =
      '{"to":"a@example.test","subject":"\\u001b[2J\\u202eevil","message":"M"}\n{"to":"b@example.test","subject":"S","message":"\\u001b]0;owned\\u0007 M"}\n';
    const { code, stdout, stderr } = await draftmill(`import - --dry-run --mailbox ${mailbox}`, hostile);
    assert.notEqual(code, 0);
    assert.doesNotMatch(stdout + stderr, /[^\P{Cc}\n]|\u202e/u);
    const reading = start("batches --limit 200 --json");
    reading.closeStdout();
    const ended = await reading.ended;
    assert.deepEqual([ended.code, ended.stderr], [0, ""]);
    assert.deepEqual(
      (await readdir(cwd)).filter((name) => name.startsWith("draftmill-")),
      [],
    );
  });

  it("proves a deployment by a draft that it makes and takes back, and says why when it cannot", async () => {
    const mailbox = newMailbox();
    const { code, stdout, stderr } = await swept(draftmill(`smoke --mailbox ${mailbox} --json`));
    assert.deepEqual([code, stderr], [0, ""]);
    const told = JSON.parse(stdout) as { deleted: boolean; draftId: string; stages: Record<string, number> };
    assert.deepEqual(Object.keys(told.stages), ["acceptMs", "queueMs", "createMs", "deleteMs"]);
    for (const [stage, ms] of Object.entries(told.stages)) assert.ok(Number.isInteger(ms) && ms >= 0, stage);
    assert.ok(told.deleted && told.draftId !== "");
    assert.deepEqual(drafts(mailbox), []);

    const kept = await draftmill(`smoke --mailbox ${mailbox} --keep`);
    assert.equal(kept.code, 0, kept.stderr);
    assert.match(kept.stdout, new RegExp(`^create .*${drafts(mailbox)[0]?.id} in ${mailbox}$`, "m"));

    const refused = newMailbox();
    stack.google.admin.disableMail(refused);
    const failed = await draftmill(`smoke --mailbox ${refused}`);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /no draft was made: parked, GMAIL_OFF: .*\nNext: Admin console/);
    stack.google.admin.restoreUser(refused);
    assert.equal((await draftmill("smoke --mailbox somebody@elsewhere.test")).code, 1);
  });

  it("says what to do where there is no batch, no service and no file", async () => {
    const batch = await draftmill("watch b-0");
    assert.equal(batch.code, 1);
    assert.match(batch.stderr, /^draftmill: BATCH_NOT_FOUND: .*\nNext: /);
    const service = await runCli(["batches"], { url: "http://127.0.0.1:1", cwd });
    assert.equal(service.code, 1);
    assert.match(service.stderr, /cannot be reached/);
    const file = await draftmill("import nothing.csv --yes");
    assert.deepEqual([file.code, file.stderr], [1, "draftmill: nothing.csv cannot be read: there is no such file\n"]);
  });
});
