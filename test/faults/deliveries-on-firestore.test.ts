import { findEmulator } from "./crash-emulator.ts";
import { deliverySuite } from "./crash-suite.ts";

deliverySuite({ ledger: "Firestore", runs: 8, sweepRuns: 8, withinMs: 175_000, ...(await findEmulator()) });
