// What `npm run faults` runs: every crash point in every mode, and claims that collide, as often as figures in a report are for.
import { after } from "node:test";
import { contentionSuite } from "../conformance/ledger/firestore-contention-suite.ts";
import { sizeSuite } from "../conformance/ledger/firestore-size-suite.ts";
import { findFirestoreEmulator, startFirestoreEmulator } from "../support/firestore-emulator.ts";
import { findEmulator } from "./crash-emulator.ts";
import { deliverySuite, lineSuite, sweepSuite } from "./crash-suite.ts";

const WITHIN_MS = 3_600_000;
const CONTENDED_ROUNDS = 1_000;
/** In one ledger, of which pages are read and counts taken. */
const RECORDS = 100_000;
/** Google's emulator, and this process's open files, are for a quarter of it at a time. */
const FIRESTORE_ROUNDS = 4;

const sqlite = { ledger: "SQLite", runs: 100, sweepRuns: 24, withinMs: WITHIN_MS };
const firestore = { runs: 25, sweepRuns: 6, leaseMs: 6_000, withinMs: WITHIN_MS, ...(await findEmulator()) };
const rounds = Array.from({ length: FIRESTORE_ROUNDS }, (_, n) => ({ ledger: `Firestore (${n + 1})`, ...firestore }));
for (const options of [sqlite, ...rounds]) {
  deliverySuite(options);
  sweepSuite(options);
  lineSuite(options);
}

const found = await findFirestoreEmulator();
if ("script" in found) {
  const emulator = await startFirestoreEmulator(found.script);
  after(() => emulator.stop());
  contentionSuite(emulator.hostPort, CONTENDED_ROUNDS);
  sizeSuite(emulator.hostPort, { records: RECORDS, isPatient: true });
}
