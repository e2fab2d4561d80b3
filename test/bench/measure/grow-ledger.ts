import { DatabaseSync } from "node:sqlite";

/**
 * Copies the records of a ledger in SQLite, under other ids, until it has so many: what a service that has run for long
 * finds there. For a ledger that has some; nobody may be writing to it.
 */
export function growLedger(path: string, records: number): void {
  const db = new DatabaseSync(path, { timeout: 10_000 });
  try {
    const columns = db
      .prepare("SELECT name FROM pragma_table_info('draft') WHERE name NOT IN ('seq', 'id')")
      .all()
      .map(({ name }) => String(name))
      .join(", ");
    const count = (): number => Number(db.prepare("SELECT count(*) AS n FROM draft").get()?.n);
    let had = count();
    if (had === 0) throw new Error(`${path} has no record to copy`);
    db.exec("BEGIN IMMEDIATE");
    const copy = db.prepare(
      `INSERT INTO draft (id, ${columns}) SELECT id || ?, ${columns} FROM draft ORDER BY seq LIMIT ?`,
    );
    for (let copies = 0; had < records; copies++) {
      copy.run(`-${copies}`, Math.min(had, records - had));
      had = count();
    }
    db.exec("COMMIT");
  } finally {
    db.close();
  }
}
