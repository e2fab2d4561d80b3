import { DraftError } from "@draftmill/shared/errors.ts";
import { type CallContext, callGoogle } from "../google/google-call.ts";
import type { GoogleFailure } from "../google/google-failure.ts";
import type { GoogleTransport } from "../google/google-transport.ts";
import type { ApplicationCredentials } from "./application-credentials.ts";
import { classifySigning } from "./classify-signing.ts";

/** The claims of an assertion for one user: https://developers.google.com/identity/protocols/oauth2/service-account */
export interface Assertion {
  readonly iss: string;
  readonly sub: string;
  readonly scope: string;
  readonly aud: string;
  /** Seconds since the epoch. */
  readonly iat: number;
  /** At most an hour after `iat`. */
  readonly exp: number;
}

export interface SignJwtDeps {
  /** Origin of the IAM Service Account Credentials API. */
  readonly endpoint: string;
  readonly transport: GoogleTransport;
  readonly credentials: ApplicationCredentials;
  readonly context: CallContext;
  /** Adds to a failure what its remedy speaks of. */
  explain(error: DraftError): Promise<DraftError>;
}

/** Has Google sign the assertion as its issuer, with a key that never leaves Google. Answers the compact JWT. */
export async function signJwt(deps: SignJwtDeps, assertion: Assertion): Promise<string> {
  const { endpoint, transport, credentials, context } = deps;
  const headers = await credentials.headers();
  const { data } = await callGoogle(
    {
      operation: "signJwt",
      mailbox: assertion.sub,
      classify: (failure: GoogleFailure) => {
        if (failure.status === 401) credentials.forget();
        return deps.explain(classifySigning(failure));
      },
    },
    context,
    () =>
      transport.request<{ readonly signedJwt?: unknown }>({
        // The project is a wildcard by Google's rule: the account's name says which one.
        url: `${endpoint}/v1/projects/-/serviceAccounts/${encodeURIComponent(assertion.iss)}:signJwt`,
        method: "POST",
        headers,
        data: { payload: JSON.stringify(assertion) },
      }),
  );
  if (typeof data.signedJwt !== "string") {
    throw new DraftError("SIGNING_UNAVAILABLE", { reason: "The answer holds no signed JWT" });
  }
  return data.signedJwt;
}
