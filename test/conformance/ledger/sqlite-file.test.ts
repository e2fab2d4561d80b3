import assert from "node:assert/strict";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { type Clock, systemClock } from "@draftmill/shared/clock.ts";
import { RECORD_TTL_MS } from "@draftmill/shared/contract/draft-record.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { LedgerUnavailable } from "@draftmill/shared/ledger/ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { SqliteLedger } from "@draftmill/shared/ledger/sqlite-ledger.ts";
import { countSql, listSql, type Sql } from "@draftmill/shared/ledger/sqlite-pages.ts";
import { openSqliteDatabase } from "@draftmill/shared/ledger/sqlite-schema.ts";
import { aDraft, aRecord } from "./a-record.ts";
import { aDatabasePath, makeSqliteStore } from "./sqlite-store.ts";

class SetClock implements Clock {
  ms = systemClock.nowMs();
  nowMs = () => this.ms;
  monotonicMs = () => this.ms;
  sleep = systemClock.sleep;
}

/** The file itself, past the ledger. */
function rawDatabase(t: TestContext, path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  t.after(() => db.close());
  return db;
}

function sqliteLedger(t: TestContext, path: string, options: { clock?: Clock; lockDeadlineMs?: number } = {}) {
  const ledger = new SqliteLedger(path, { clock: systemClock, ...options });
  t.after(() => ledger.close());
  return ledger;
}

const unavailable = (reason: LedgerUnavailable["reason"]) => ({ name: "LedgerUnavailable", reason });

test("what was written is there after a restart", async (t) => {
  const open = await makeSqliteStore(t);
  const first = await open();
  await first.create(aRecord());
  const before = await first.get("request-1");
  await first.close();
  const after = await (await open()).get("request-1");
  assert.deepEqual([after?.record, after?.revision], [before?.record, before?.revision]);
});

test("the folder is made, and the file is for its owner alone", async (t) => {
  const path = join(dirname(await aDatabasePath(t)), "deep", "er", "ledger.db");
  await sqliteLedger(t, path).create(aRecord());
  for (const file of [path, `${path}-wal`]) assert.equal((await stat(file)).mode & 0o777, 0o600, file);
});

test("writes reach the disk before they are answered", async (t) => {
  const db = openSqliteDatabase(await aDatabasePath(t));
  t.after(() => db.close());
  assert.equal(db.prepare("PRAGMA journal_mode").get()?.journal_mode, "wal");
  assert.equal(db.prepare("PRAGMA synchronous").get()?.synchronous, 2, "FULL");
});

test("the records of a file that an older release wrote have times and recipients as those of a new one", async (t) => {
  const path = await aDatabasePath(t);
  const first = new SqliteLedger(path, { clock: systemClock });
  const record = aRecord({ to: ["Ada@example.com", "bo@example.com"] });
  await first.create(record);
  await first.close();
  const db = new DatabaseSync(path);
  db.exec(`DROP TABLE draft_recipient; DROP TRIGGER draft_recipient_end; DROP INDEX draft_batch_code; PRAGMA user_version = 3;
    UPDATE draft SET record = json_remove(record, '$.notBeforeMs')`);
  db.close();
  const ledger = new DraftLedger(sqliteLedger(t, path), { clock: systemClock });
  assert.deepEqual(await ledger.get(record.id), record);
  for (const address of record.to)
    assert.deepEqual(
      (await ledger.recentTo([address.toLowerCase()], 0)).map(({ id }) => id),
      [record.id],
    );
});

test("recipients go with their record when it is purged", async (t) => {
  const path = await aDatabasePath(t);
  const clock = new SetClock();
  const ledger = sqliteLedger(t, path, { clock });
  await ledger.create(aRecord({ id: "old" }));
  clock.ms += RECORD_TTL_MS + 60_000;
  await ledger.create(aRecord({ id: "new", expireAtMs: clock.ms + RECORD_TTL_MS }));
  const db = rawDatabase(t, path);
  assert.equal(db.prepare("SELECT COUNT(*) AS n FROM draft_recipient").get()?.n, 1);
});

test("LEDGER_URL is named when it does not name a store", async () => {
  for (const url of ["", "sqlite", "sqlite:", "firestore", "postgres://db", "./data/ledger.db"])
    await assert.rejects(openLedger(url, { clock: systemClock }), /LEDGER_URL: ".*sqlite:PATH/, url);
});

test("a file that cannot be opened, is no database, or is too new is refused by its path", async (t) => {
  const path = await aDatabasePath(t);
  await writeFile(path, "This is not a database, but long enough to have a header. ".repeat(20));
  const open = (url: string) => openLedger(`sqlite:${url}`, { clock: systemClock });
  await assert.rejects(open(path), { ...unavailable("corrupt"), message: /ledger\.db/ });
  await assert.rejects(open(join(path, "below-a-file.db")), unavailable("io"));
  const folder = join(dirname(path), "folder");
  await mkdir(folder);
  await assert.rejects(open(folder), unavailable("io"));
  const newer = join(dirname(path), "newer.db");
  const db = rawDatabase(t, newer);
  db.exec("PRAGMA user_version = 99");
  await assert.rejects(open(newer), /newer release/);
  assert.equal(db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.n, 0, "and is left as it was");
});

test("a lease ends by the ledger's clock, to the millisecond, and one of 64 takes it over", async (t) => {
  const clock = new SetClock();
  const open = await makeSqliteStore(t, clock);
  const ledgers = [await open(), await open()].map((store) => new DraftLedger(store, { clock, leaseMs: 180_000 }));
  const claimAll = () => Promise.all(Array.from({ length: 32 }, () => ledgers.map((l) => l.claim(aRecord()))).flat());
  const kindsOf = (claims: readonly { kind: string }[], kind: string) => claims.filter((c) => c.kind === kind).length;
  assert.equal(kindsOf(await claimAll(), "claimed"), 1);
  clock.ms += 179_999;
  assert.equal(kindsOf(await claimAll(), "busy"), 64);
  clock.ms += 1;
  const claims = await claimAll();
  assert.deepEqual([kindsOf(claims, "claimed"), kindsOf(claims, "busy")], [1, 63]);
  assert.ok(claims.every((claim) => claim.kind !== "claimed" || (claim.mustFind && claim.record.fence === 2)));
});

test("a record goes 30 days after its last write, from the counts and from the file", async (t) => {
  const clock = new SetClock();
  const path = await aDatabasePath(t);
  const ledger = sqliteLedger(t, path, { clock });
  const drafts = new DraftLedger(ledger, { clock });
  const rows = () => rawDatabase(t, path).prepare("SELECT count(*) AS n FROM draft").get()?.n;
  const fresh = (id: number) => aRecord({ id: `request-${id}`, expireAtMs: clock.ms + RECORD_TTL_MS });
  await Promise.all(Array.from({ length: 300 }, (_, i) => ledger.create(fresh(i))));
  clock.ms += RECORD_TTL_MS - 1;
  const claim = await drafts.claim(fresh(0));
  assert.ok(claim.kind === "claimed");
  clock.ms += 1_000;
  assert.deepEqual([await ledger.get("request-1"), (await ledger.count({})).queued], [null, 0]);
  assert.equal((await drafts.complete(claim, aDraft)).kind, "settled");
  assert.equal(rows(), 300 - 64, "one write removes no more than a step");
  assert.equal((await ledger.create(fresh(299))).created, true, "an id is free before its row is removed");
  assert.equal((await ledger.get("request-299"))?.record.expireAtMs, clock.ms + RECORD_TTL_MS);
  for (let step = 0; step < 3; step++) await ledger.create(fresh(0));
  assert.equal(rows(), 2);
  await ledger.create({ ...fresh(400), expireAtMs: clock.ms + 1 });
  clock.ms += 1;
  await ledger.create(fresh(401));
  assert.equal(rows(), 4, "none is looked for again at once, where none was left");
  clock.ms -= 60_000;
  await ledger.create(fresh(402));
  clock.ms += 61_000;
  await ledger.create(fresh(403));
  assert.equal(rows(), 5);
  const { created, queued } = await ledger.count({});
  assert.deepEqual({ created, queued }, { created: 1, queued: 4 });
});

test("in a turn of the event loop that takes long, writes are answered before its end", async (t) => {
  const ledger = sqliteLedger(t, await aDatabasePath(t));
  const order: string[] = [];
  const note = (what: string) => () => order.push(what);
  const turn = new Promise<void>((resolve) => setImmediate(resolve)).then(note("turn"));
  const first = ledger.create(aRecord({ id: "request-1" })).then(note("first"));
  const untilMs = performance.now() + 10;
  while (performance.now() < untilMs);
  const second = ledger.create(aRecord({ id: "request-2" })).then(note("second"));
  const third = ledger.create(aRecord({ id: "request-3" })).then(note("third"));
  await Promise.all([turn, first, second, third]);
  assert.deepEqual(order, ["first", "second", "turn", "third"]);
});

test("a write waits for another process's transaction, and the event loop does not", async (t) => {
  const path = await aDatabasePath(t);
  const ledger = sqliteLedger(t, path);
  const other = rawDatabase(t, path);
  other.exec("BEGIN IMMEDIATE");
  const writing = ledger.create(aRecord());
  for (let turn = 0; turn < 5; turn++) {
    await systemClock.sleep(0);
    assert.equal(await ledger.get("request-1"), null, "reads go on");
  }
  other.exec("COMMIT");
  assert.equal((await writing).created, true);
});

test("a write that waited too long for a lock is not made", async (t) => {
  const path = await aDatabasePath(t);
  const ledger = sqliteLedger(t, path, { lockDeadlineMs: 60 });
  const other = rawDatabase(t, path);
  other.exec("BEGIN IMMEDIATE");
  const writes = [1, 2, 3].map((i) => ledger.create(aRecord({ id: `request-${i}` })));
  for (const write of await Promise.allSettled(writes)) {
    assert.ok(write.status === "rejected");
    assert.equal(write.reason.reason, "busy");
  }
  other.exec("COMMIT");
  assert.equal((await ledger.count({})).queued, 0);
  assert.equal((await ledger.create(aRecord())).created, true, "and the next one is");
});

test("a damaged row is an error for whoever asks for it, and for nobody else", async (t) => {
  const path = await aDatabasePath(t);
  const ledger = sqliteLedger(t, path);
  await ledger.create(aRecord());
  rawDatabase(t, path).exec("UPDATE draft SET record = '{'");
  const [damaged, sound] = await Promise.allSettled([
    ledger.create(aRecord()),
    ledger.create(aRecord({ id: "request-2" })),
  ]);
  assert.ok(damaged.status === "rejected" && sound.status === "fulfilled");
  assert.equal(damaged.reason.reason, "corrupt");
  await assert.rejects(ledger.get("request-1"), unavailable("corrupt"));
  assert.ok(await ledger.get("request-2"));
});

test("no list sorts, and no list or count with a filter reads the whole table", async (t) => {
  const db = openSqliteDatabase(await aDatabasePath(t));
  t.after(() => db.close());
  const planOf = ({ text, values }: Sql) =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${text}`)
      .all(...values)
      .map(({ detail }) => String(detail));
  const columns = ["state", "mailbox", "batch", "code"] as const;
  for (let mask = 0; mask < 16; mask++) {
    const filter = Object.fromEntries(
      columns.filter((_, bit) => mask & (1 << bit)).map((column) => [column, "queued"]),
    );
    const plan = planOf(listSql({ ...filter, limit: 10 }, 0));
    assert.equal(plan.length, 1, plan.join("; "));
    assert.match(plan.join(), mask === 0 ? /^SCAN draft$/ : /^SEARCH draft USING INDEX/);
  }
  const counted = [{}, { mailbox: "m" }, { batch: "b" }, { mailbox: "m", batch: "b" }, { batch: "b", code: "c" }];
  for (const filter of counted) {
    const reads = planOf(countSql(filter, 0)).filter((step) => / draft /.test(step));
    assert.equal(reads.length, 2);
    assert.match(reads.join(), /USING COVERING INDEX/);
    if ("code" in filter) assert.match(reads.join(), /\(batch=\? AND code=\?\)/);
    assert.match(reads.join(), /SEARCH draft USING INDEX draft_expiry/);
  }
});
