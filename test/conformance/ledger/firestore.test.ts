import { after, describe } from "node:test";
import { findFirestoreEmulator, startFirestoreEmulator } from "../../support/firestore-emulator.ts";
import { firestoreCostSuite } from "./firestore-cost-suite.ts";
import { firestoreFaultSuite } from "./firestore-fault-suite.ts";
import { firestoreStores } from "./firestore-store.ts";
import { ledgerSuite } from "./ledger-suite.ts";

const found = await findFirestoreEmulator();

if ("missing" in found) {
  describe("firestore", { skip: found.missing }, () => undefined);
} else {
  const emulator = await startFirestoreEmulator(found.script);
  after(() => emulator.stop());
  ledgerSuite("firestore", firestoreStores(emulator.hostPort));
  firestoreFaultSuite(emulator.hostPort);
  firestoreCostSuite(emulator.hostPort);
}
