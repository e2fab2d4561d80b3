import { DraftError } from "@draftmill/shared/errors.ts";
import { type CallContext, callGoogle } from "../google/google-call.ts";
import type { GoogleTransport } from "../google/google-transport.ts";
import { AccessToken } from "./access-token.ts";
import { classifyToken } from "./classify-token.ts";

export interface ExchangeJwtDeps {
  /** Whole URL of the token endpoint. */
  readonly endpoint: string;
  readonly transport: GoogleTransport;
  readonly context: CallContext;
  /** Adds to a failure what its remedy speaks of. */
  explain(error: DraftError): Promise<DraftError>;
}

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** Trades a signed assertion for the access token of the user that it names (RFC 7523). */
export async function exchangeJwt<Mailbox extends string>(
  deps: ExchangeJwtDeps,
  signedJwt: string,
  mailbox: Mailbox,
): Promise<AccessToken<Mailbox>> {
  const { endpoint, transport, context } = deps;
  const { data } = await callGoogle(
    { operation: "token", mailbox, classify: (failure) => deps.explain(classifyToken(failure)) },
    context,
    () =>
      transport.request<{ readonly access_token?: unknown; readonly expires_in?: unknown }>({
        url: endpoint,
        method: "POST",
        data: new URLSearchParams({ grant_type: JWT_BEARER, assertion: signedJwt }),
      }),
  );
  const { access_token: accessToken, expires_in: expiresInS } = data;
  if (typeof accessToken !== "string" || accessToken === "") {
    // A scope that Google does not know is answered with 200 and an identity token alone.
    throw await deps.explain(new DraftError("SCOPE_NOT_GRANTED", { reason: "The answer holds no access token" }));
  }
  const lifetimeMs = (typeof expiresInS === "number" ? expiresInS : 0) * 1000;
  return new AccessToken(mailbox, accessToken, context.clock.nowMs() + lifetimeMs);
}
