import assert from "node:assert/strict";
import { test } from "node:test";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import { createIdTokenVerifier } from "@draftmill/shared/google-id-token.ts";
import { createPushVerifier } from "@draftmill/worker/push/verify-push.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const AUDIENCE = "https://worker.example.test";
const ACCOUNT = "push@demo.iam.gserviceaccount.com";

test("the token that a subscription sends with every push is verified once, and refused when it has run out", async (t) => {
  const signer = await createIdTokenSigner();
  const pubsub = await startPubsub({ statePath: ":memory:", signer });
  t.after(() => pubsub.close());
  const clock = new ManualClock();
  const nowSeconds = clock.nowMs() / 1000;
  const token = await signer.sign({
    iss: "https://accounts.google.com",
    aud: AUDIENCE,
    email: ACCOUNT,
    email_verified: true,
    iat: nowSeconds,
    exp: nowSeconds + 3_600,
  });
  const signatures = t.mock.method(crypto.subtle, "verify").mock;
  const verify = createPushVerifier(
    createIdTokenVerifier({ certsUrl: pubsub.certsUrl, audiences: [AUDIENCE], clock }),
    ACCOUNT,
  );
  for (let push = 0; push < 100; push++) await verify(`Bearer ${token}`);
  assert.equal(signatures.callCount(), 1);
  await clock.advance(3_660_000);
  await assert.rejects(
    verify(`Bearer ${token}`),
    (error) => error instanceof DraftError && error.code === "PUSH_UNVERIFIED" && /"exp"/.test(error.reason),
  );
});
