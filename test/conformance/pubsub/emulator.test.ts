import assert from "node:assert/strict";
import { after, describe } from "node:test";
import { findPubsubEmulator, startPubsubEmulator } from "../../support/pubsub-emulator.ts";
import { administrationSuite } from "./administration-suite.ts";
import { deadLetterSuite } from "./dead-letter-suite.ts";
import { limitsSuite } from "./limits-suite.ts";
import { pullSuite } from "./pull-suite.ts";
import { pushSuite } from "./push-suite.ts";
import { emulatorTarget, unconsulted } from "./target.ts";

const found = await findPubsubEmulator();

if ("missing" in found) {
  describe("Google's emulator", { skip: found.missing }, () => undefined);
} else {
  const target = emulatorTarget(await startPubsubEmulator(found.script));
  after(async () => {
    await target.close();
    assert.deepEqual(unconsulted(), [], "differences that no test has looked at");
  });
  describe("Google's emulator", { concurrency: true }, () => {
    administrationSuite(target);
    limitsSuite(target);
    pullSuite(target);
    pushSuite(target);
    deadLetterSuite(target);
  });
}
