import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { TokenFault } from "@draftmill/local/pubsub/faults.ts";
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from "jose";
import { ManualClock } from "../../support/manual-clock.ts";
import { startPushEndpoint } from "./push-endpoint.ts";
import { aSubscription, aTopic, startEmbeddedTarget } from "./target.ts";

const EMAIL = "push@demo.example";
const AUDIENCE = "https://worker.example.test";

describe("the token of a push", { timeout: 30_000 }, () => {
  it("is signed as the certs endpoint says and claims what Google's claim", async (t) => {
    const { tokens, verify } = await pushed(t, { audience: AUDIENCE }, 1);
    const { payload, protectedHeader } = await verify(tokens[0] ?? "");
    const { iat = 0, exp = 0, azp, sub, ...rest } = payload;
    assert.deepEqual(rest, { iss: "https://accounts.google.com", aud: AUDIENCE, email: EMAIL, email_verified: true });
    assert.equal(exp - iat, 3600);
    assert.equal(azp, sub);
    assert.match(sub ?? "", /^\d{21}$/);
    assert.equal(protectedHeader.alg, "RS256");
    assert.equal(protectedHeader.typ, "JWT");
  });

  it("names the endpoint as audience when none is configured", async (t) => {
    const { tokens, verify, endpoint } = await pushed(t, {}, 1);
    assert.equal((await verify(tokens[0] ?? "")).payload.aud, endpoint);
  });

  it("is used again for the better part of its hour, then made anew", async (t) => {
    const { tokens, next, clock } = await pushed(t, { audience: AUDIENCE }, 2);
    assert.equal(tokens[0], tokens[1]);
    await clock.advance(54 * 60_000);
    assert.equal(await next(), tokens[0]);
    await clock.advance(2 * 60_000);
    assert.notEqual(await next(), tokens[0]);
  });

  it("fails verification in the way that a fault asks for", async (t) => {
    const { next, verify, pubsub } = await pushed(t, { audience: AUDIENCE }, 0);
    const spoilt = async (fault: TokenFault) => {
      pubsub.faults.token(fault, 1);
      return next();
    };
    await assert.rejects(verify(await spoilt("bad-signature")), errors.JWSSignatureVerificationFailed);
    await assert.rejects(verify(await spoilt("expired")), errors.JWTExpired);
    const claim = async (fault: TokenFault): Promise<JWTPayload> => (await verify(await spoilt(fault))).payload;
    assert.notEqual((await claim("wrong-audience")).aud, AUDIENCE);
    assert.notEqual((await claim("wrong-issuer")).iss, "https://accounts.google.com");
    assert.notEqual((await claim("wrong-email")).email, EMAIL);
    assert.equal((await claim("email-not-verified")).email_verified, false);
    assert.equal(await spoilt("missing"), "");
    assert.equal((await verify(await next())).payload.aud, AUDIENCE);
  });
});

describe("the certs endpoint", () => {
  it("may be cached", async (t) => {
    const target = await startEmbeddedTarget();
    t.after(() => target.close());
    const answer = await fetch(target.pubsub.certsUrl);
    assert.match(answer.headers.get("cache-control") ?? "", /max-age=\d+/);
    const { keys } = JSON.parse(await answer.text());
    assert.deepEqual(Object.keys(keys[0]).sort(), ["alg", "e", "kid", "kty", "n", "use"]);
  });
});

/** Pushes `count` messages with the given OIDC settings; `next` pushes one more and tells its token. */
async function pushed(t: TestContext, oidc: { readonly audience?: string }, count: number) {
  const clock = new ManualClock();
  const target = await startEmbeddedTarget({ clock });
  t.after(() => target.close());
  const endpoint = await startPushEndpoint(t, () => 204);
  const topic = await aTopic(target);
  await aSubscription(topic, {
    pushConfig: { pushEndpoint: endpoint.url, oidcToken: { serviceAccountEmail: EMAIL, ...oidc } },
  });
  const certs = createRemoteJWKSet(new URL(target.pubsub.certsUrl));
  const next = async () => {
    const sent = endpoint.requests.length;
    await topic.publishMessage({ data: Buffer.from("x") });
    const requests = await endpoint.received(sent + 1);
    return (requests[sent]?.headers.authorization ?? "").replace(/^Bearer /, "");
  };
  const tokens: string[] = [];
  for (let n = 0; n < count; n++) tokens.push(await next());
  const verify = (token: string) => jwtVerify(token, certs, { currentDate: new Date(clock.nowMs()) });
  return { tokens, next, verify, clock, endpoint: endpoint.url, pubsub: target.pubsub };
}
