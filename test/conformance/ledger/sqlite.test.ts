import { ledgerSuite } from "./ledger-suite.ts";
import { makeSqliteStore } from "./sqlite-store.ts";

ledgerSuite("sqlite", (t) => makeSqliteStore(t));
