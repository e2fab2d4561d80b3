import { after, it } from "node:test";
import { findFirestoreEmulator, startFirestoreEmulator } from "../support/firestore-emulator.ts";
import { startTestStack } from "../support/local-stack.ts";
import { firstDraftSuite } from "./first-draft-suite.ts";

const found = await findFirestoreEmulator();
if ("missing" in found) {
  it("a request becomes a draft, with the ledger in Firestore", { skip: found.missing });
} else {
  const emulator = await startFirestoreEmulator(found.script);
  const environment = { LEDGER_URL: "firestore:", FIRESTORE_EMULATOR_HOST: emulator.hostPort };
  firstDraftSuite("the embedded Pub/Sub, with the ledger in Firestore", () => startTestStack({ environment }));
  after(() => emulator.stop());
}
