// What `npm run faults` runs: every crash point in every mode, and claims that collide, as often as figures in a report are for.
import { after } from "node:test";
import { contentionSuite } from "../conformance/ledger/firestore-contention-suite.ts";
import { findFirestoreEmulator, startFirestoreEmulator } from "../support/firestore-emulator.ts";
import { findEmulator } from "./crash-emulator.ts";
import { deliverySuite, lineSuite, sweepSuite } from "./crash-suite.ts";

const COUNTS = { runs: 100, sweepRuns: 24, withinMs: 3_600_000 };

const sqlite = { ledger: "SQLite", ...COUNTS };
const firestore = { ledger: "Firestore", ...COUNTS, ...(await findEmulator()) };
const CONTENDED_ROUNDS = 1_000;

for (const options of [sqlite, firestore]) {
  deliverySuite(options);
  sweepSuite(options);
  lineSuite(options);
}

const found = await findFirestoreEmulator();
if ("script" in found) {
  const emulator = await startFirestoreEmulator(found.script);
  after(() => emulator.stop());
  contentionSuite(emulator.hostPort, CONTENDED_ROUNDS);
}
