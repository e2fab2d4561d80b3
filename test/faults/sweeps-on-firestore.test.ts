import { findEmulator } from "./crash-emulator.ts";
import { sweepSuite } from "./crash-suite.ts";

sweepSuite({ ledger: "Firestore", runs: 8, sweepRuns: 4, withinMs: 600_000, ...(await findEmulator()) });
