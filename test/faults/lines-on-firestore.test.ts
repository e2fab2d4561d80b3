import { findEmulator } from "./crash-emulator.ts";
import { lineSuite } from "./crash-suite.ts";

lineSuite({ ledger: "Firestore", runs: 8, sweepRuns: 0, withinMs: 175_000, ...(await findEmulator()) });
