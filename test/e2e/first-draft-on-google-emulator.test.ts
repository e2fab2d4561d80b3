import { after, it } from "node:test";
import { startTestStack } from "../support/local-stack.ts";
import { findPubsubEmulator, startPubsubEmulator } from "../support/pubsub-emulator.ts";
import { firstDraftSuite } from "./first-draft-suite.ts";

const found = await findPubsubEmulator();
if ("missing" in found) {
  it("a request becomes a draft, over Google's emulator", { skip: found.missing });
} else {
  const emulator = await startPubsubEmulator(found.script);
  firstDraftSuite("Google's emulator", () => startTestStack({ pubsubEmulatorHost: emulator.hostPort }));
  after(() => emulator.stop());
}
