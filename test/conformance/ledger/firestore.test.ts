import { after, describe } from "node:test";
import { findFirestoreEmulator, startFirestoreEmulator } from "../../support/firestore-emulator.ts";
import { batchCostSuite } from "./batch-cost-suite.ts";
import { firestoreCostSuite } from "./firestore-cost-suite.ts";
import { firestoreFaultSuite } from "./firestore-fault-suite.ts";
import { loadRecords } from "./firestore-load.ts";
import { firestoreStores, openFirestore, unusedProject } from "./firestore-store.ts";
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
  batchCostSuite("firestore", async (t, count, recordOf) => {
    const project = unusedProject();
    await loadRecords(emulator.hostPort, project, count, recordOf);
    return openFirestore(t, emulator.hostPort, { project });
  });
}
