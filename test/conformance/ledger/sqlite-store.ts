import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Clock, systemClock } from "@draftmill/shared/clock.ts";
import type { Ledger } from "@draftmill/shared/ledger/ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";

/** A path for a database in a folder of its own, which goes with the test. */
export async function aDatabasePath(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-ledger-"));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, "ledger.db");
}

/** Opens connections to one fresh database; all are closed, and the file removed, after the test. */
export async function makeSqliteStore(t: TestContext, clock: Clock = systemClock): Promise<() => Promise<Ledger>> {
  const open: Ledger[] = [];
  // Hooks run in the order they are added: close before the folder goes.
  t.after(() => Promise.all(open.map((ledger) => ledger.close())));
  const path = await aDatabasePath(t);
  return async () => {
    const ledger = await openLedger(`sqlite:${path}`, { clock });
    open.push(ledger);
    return ledger;
  };
}
