import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import type { DraftError } from "@draftmill/shared/errors.ts";
import { classifyGmail } from "@draftmill/worker/gmail/classify-gmail.ts";
import { type GoogleFailure, readGoogleFailure } from "@draftmill/worker/google/google-failure.ts";
import { openGoogleTransport } from "@draftmill/worker/google/google-transport.ts";
import { classifySigning } from "@draftmill/worker/token/classify-signing.ts";
import { classifyToken, TOKEN_ROWS } from "@draftmill/worker/token/classify-token.ts";
import { startScriptedGoogle } from "./scripted-google.ts";

interface Fixture {
  readonly api: "gmail" | "signing" | "token";
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly source: string;
  readonly expected: {
    readonly code: string;
    readonly applied: "no" | "unknown";
    readonly retryAfterMs?: number;
    readonly field?: string;
    readonly project?: string;
  };
}

const FOLDER = new URL("../../../fixtures/google-errors/", import.meta.url);
const FIXTURES: ReadonlyMap<string, Fixture> = new Map(
  readdirSync(FOLDER).map((file) => [basename(file, ".json"), JSON.parse(readFileSync(new URL(file, FOLDER), "utf8"))]),
);

/** The "now" of the fixtures' timestamps. */
const NOW_MS = Date.UTC(2026, 10, 22, 10);

const CLASSIFY: Readonly<Record<Fixture["api"], (failure: GoogleFailure) => DraftError>> = {
  gmail: (failure) => classifyGmail(failure, NOW_MS),
  signing: classifySigning,
  token: classifyToken,
};

for (const [name, { api, status, headers = {}, body, expected }] of FIXTURES) {
  test(`tells Google's answer ${name} for ${expected.code}`, async (t) => {
    const google = await startScriptedGoogle(t);
    google.on("create", () => ({ status, headers, body }));
    const failure = await openGoogleTransport(10_000)
      .request({ url: `${google.url}/gmail/v1/users/me/drafts`, method: "POST", data: {} })
      .then(() => assert.fail("it was no failure"), readGoogleFailure);
    assert.equal(failure.status, status);
    const error = CLASSIFY[api](failure);
    assert.equal(error.code, expected.code);
    assert.equal(error.applied, expected.applied);
    assert.equal(error.retryAfterMs, expected.retryAfterMs);
    assert.equal(error.fields[0]?.pointer, expected.field);
    if (expected.project !== undefined) assert.equal(error.facts.project, expected.project);
    assert.equal(error.cause, undefined);
    assert.doesNotMatch(error.message, /@/);
  });
}

/** Every refusal that Google documents or that was seen, so that none is lost from the fixtures by accident. */
const DOCUMENTED = {
  gmail: [
    "invalid-to-header",
    "invalid-to-header-newer",
    "invalid-cc-header",
    "invalid-from-header",
    "invalid-thread-id",
    "recipient-required",
    "missing-draft-message",
    "service-not-enabled",
    "precondition-failed",
    "html-bad-request",
    "invalid-credentials",
    "quota-per-user",
    "quota-detail-only",
    "user-rate-limit",
    "rate-limit",
    "daily-limit",
    "domain-policy",
    "insufficient-scopes",
    "api-disabled",
    "delegation-denied",
    "forbidden-unknown",
    "forbidden-html",
    "not-found",
    "not-found-html",
    "request-timeout",
    "too-large",
    "too-many-concurrent",
    "retry-after-in-message",
    "retry-after-mail-sending",
    "retry-after-header",
    "retry-after-both",
    "resource-exhausted",
    "throttled-html",
    "backend-error",
    "backend-error-503",
    "bad-gateway",
    "gateway-timeout",
    "teapot",
    "redirect",
  ],
  sign: [
    "denied",
    "denied-bare",
    "api-disabled",
    "scope-insufficient",
    "account-unknown",
    "bad-payload",
    "token-type",
    "quota",
    "unavailable",
    "proxy-page",
  ],
  token: [
    "undecodable",
    "signature",
    "account-unknown",
    "no-iat",
    "no-exp",
    "window",
    "empty-scope",
    "audience",
    "no-verifier",
    "unauthorized-client",
    "client-not-authorized",
    "account-restricted",
    "admin-policy",
    "user-unknown",
    "user-not-valid",
    "user-deleted",
    "user-bad-request",
    "sub-invalid",
    "prn-invalid",
    "client-disabled",
    "client-deleted",
    "client-invalid",
    "internal-failure",
    "internal-failure-500",
    "throttled",
    "grant-unknown",
    "user-in-error",
    "proxy-page",
  ],
} as const;

test("there is a recorded answer for every documented refusal, and no other", () => {
  const documented = Object.entries(DOCUMENTED).flatMap(([api, names]) => names.map((name) => `${api}-${name}`));
  assert.deepEqual([...FIXTURES.keys()].sort(), documented.sort());
});

test("every row of the token endpoint's table is met by a recorded answer", () => {
  const answers = [...FIXTURES.values()].filter(({ api }) => api === "token").map(({ body }) => JSON.stringify(body));
  for (const { error, description = "" } of TOKEN_ROWS) {
    const met = answers.some((text) => text.includes(`"${error}"`) && text.includes(description));
    assert.ok(met, `${error} ${description}`);
  }
});
