import type { IncomingHttpHeaders } from "node:http";
import type { Clock } from "@draftmill/shared/clock.ts";
import { bearerToken, decodeClaims, IdTokenRefused } from "@draftmill/shared/id-token-claims.ts";
import { edgeHeader, readEdgeToken } from "./edge-token.ts";
import { type Identity, identityOf } from "./identity.ts";

/**
 * - `iam`: Cloud Run's invoker check stands in front; the api only reads whom it let through
 * - `oidc`: the api verifies the token itself
 * - `none`: every caller is welcome and nobody is known
 */
export const AUTH_MODES = ["iam", "oidc", "none"] as const;
export type AuthMode = (typeof AUTH_MODES)[number];

/** How callers are known. */
export interface Authentication {
  /** Rejects with `IdTokenRefused` when the call names nobody to accept, or with CERTS_UNAVAILABLE. */
  identify(headers: IncomingHttpHeaders): Promise<Identity>;
  /** What a call says of itself, true or not: for a log that may hold addresses. */
  claimed(headers: IncomingHttpHeaders): Readonly<Record<string, unknown>>;
}

export interface AuthenticationOptions {
  readonly mode: Exclude<AuthMode, "none">;
  readonly audiences: readonly string[];
  readonly certsUrl: string;
  readonly clock: Clock;
}

const SIGNATURE_REMOVED = /\.SIGNATURE_REMOVED_BY_GOOGLE$/;

export async function openAuthentication(options: AuthenticationOptions): Promise<Authentication> {
  const { mode, audiences, clock } = options;
  switch (mode) {
    case "iam":
      return {
        identify: async (headers) => identityOf(readEdgeToken(headers, audiences, clock.nowMs())),
        claimed: (headers) => claimedBy(edgeHeader(headers)),
      };
    case "oidc": {
      // Loaded when it is asked for: jose costs a cold start what a hundred verifications cost.
      const { createIdTokenVerifier } = await import("@draftmill/shared/google-id-token.ts");
      const verify = createIdTokenVerifier(options);
      return {
        async identify({ authorization }) {
          const token = bearerToken(authorization);
          if (SIGNATURE_REMOVED.test(token)) {
            throw new IdTokenRefused("Cloud Run has removed the signature; where it checks callers, AUTH_MODE is iam");
          }
          return identityOf(await verify(token));
        },
        claimed: ({ authorization }) => claimedBy(authorization),
      };
    }
    default:
      return mode satisfies never;
  }
}

const CLAIM_LENGTH_MAX = 254;

function claimedBy(header: string | readonly string[] | undefined): Readonly<Record<string, unknown>> {
  try {
    const { iss, aud, email } = decodeClaims(bearerToken(header)) ?? {};
    const told = Object.entries({ iss, aud, email }).filter(([, claim]) => typeof claim === "string");
    return Object.fromEntries(told.map(([name, claim]) => [name, String(claim).slice(0, CLAIM_LENGTH_MAX)]));
  } catch {
    return {};
  }
}
