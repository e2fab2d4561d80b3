import { sweepSuite } from "./crash-suite.ts";

sweepSuite({ ledger: "SQLite", runs: 25, sweepRuns: 8, withinMs: 600_000 });
