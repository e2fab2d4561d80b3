import { deliverySuite } from "./crash-suite.ts";

/** A quarter of what `npm run faults` does, as everything else is tested in the same minutes. */
deliverySuite({ ledger: "SQLite", runs: 25, sweepRuns: 8, withinMs: 175_000 });
