import { batchCostSuite } from "./batch-cost-suite.ts";
import { ledgerSuite } from "./ledger-suite.ts";
import { openOne } from "./make-store.ts";
import { makeSqliteStore } from "./sqlite-store.ts";

ledgerSuite("sqlite", (t) => makeSqliteStore(t));
batchCostSuite("sqlite", async (t, count, recordOf) => {
  const ledger = await openOne(makeSqliteStore, t);
  await Promise.all(Array.from({ length: count }, (_, n) => ledger.create(recordOf(n))));
  return ledger;
});
