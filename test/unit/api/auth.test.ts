import assert from "node:assert/strict";
import { test } from "node:test";
import { identifyCaller } from "@draftmill/api/auth.ts";
import { DraftError } from "@draftmill/shared/errors.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const CLAIMS = { email: "crm@demo.iam.gserviceaccount.com", email_verified: true, exp: NOW_MS / 1000 + 600 };

function bearer(claims: unknown, signature = "SIGNATURE_REMOVED_BY_GOOGLE"): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `Bearer ${part({ alg: "RS256" })}.${part(claims)}.${signature}`;
}

test("none knows nobody and asks nobody", () => {
  assert.equal(identifyCaller("none", {}, NOW_MS), null);
  assert.equal(identifyCaller("none", { authorization: bearer(CLAIMS) }, NOW_MS), null);
});

test("iam names the caller whom Cloud Run let through, with or without the token's signature", () => {
  assert.equal(identifyCaller("iam", { authorization: bearer(CLAIMS) }, NOW_MS), CLAIMS.email);
  assert.equal(identifyCaller("iam", { authorization: bearer(CLAIMS, "c2ln") }, NOW_MS), CLAIMS.email);
});

test("iam reads X-Serverless-Authorization when it is there, as that is the one Cloud Run has checked", () => {
  const forged = bearer({ ...CLAIMS, email: "boss@corp.example" });
  const headers = { authorization: forged, "x-serverless-authorization": bearer(CLAIMS) };
  assert.equal(identifyCaller("iam", headers, NOW_MS), CLAIMS.email);
});

test("iam accepts a token that ran out less than a minute ago", () => {
  const claims = { ...CLAIMS, exp: NOW_MS / 1000 - 59 };
  assert.equal(identifyCaller("iam", { authorization: bearer(claims) }, NOW_MS), CLAIMS.email);
});

const REFUSED: Readonly<Record<string, Record<string, string>>> = {
  "no header": {},
  "basic credentials": { authorization: "Basic YTpi" },
  "a bearer token that is no JWT": { authorization: "Bearer ya29.opaque" },
  "claims that are no object": { authorization: bearer(null) },
  "no e-mail": { authorization: bearer({ ...CLAIMS, email: undefined }) },
  "an empty e-mail": { authorization: bearer({ ...CLAIMS, email: "" }) },
  "an unverified e-mail": { authorization: bearer({ ...CLAIMS, email_verified: false }) },
  'email_verified as the text "true"': { authorization: bearer({ ...CLAIMS, email_verified: "true" }) },
  "no expiry": { authorization: bearer({ ...CLAIMS, exp: undefined }) },
  "a token that ran out": { authorization: bearer({ ...CLAIMS, exp: NOW_MS / 1000 - 61 }) },
  "an unusable X-Serverless-Authorization beside a good token": {
    authorization: bearer(CLAIMS),
    "x-serverless-authorization": "Bearer x",
  },
};

for (const [name, headers] of Object.entries(REFUSED)) {
  test(`iam refuses ${name}`, () => {
    assert.throws(
      () => identifyCaller("iam", headers, NOW_MS),
      (error) => error instanceof DraftError && error.code === "UNAUTHENTICATED" && !error.reason.includes("@"),
    );
  });
}
