import { lineSuite } from "./crash-suite.ts";

lineSuite({ ledger: "SQLite", runs: 50, sweepRuns: 0, withinMs: 175_000 });
