// What `npm run faults` runs: every crash point in every mode, with as many requests as the figures in a report are for.
import { findEmulator } from "./crash-emulator.ts";
import { deliverySuite, lineSuite, sweepSuite } from "./crash-suite.ts";

const COUNTS = { runs: 100, sweepRuns: 24, withinMs: 3_600_000 };

const sqlite = { ledger: "SQLite", ...COUNTS };
const firestore = { ledger: "Firestore", ...COUNTS, ...(await findEmulator()) };
for (const options of [sqlite, firestore]) {
  deliverySuite(options);
  sweepSuite(options);
  lineSuite(options);
}
