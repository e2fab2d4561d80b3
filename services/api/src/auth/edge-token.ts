import type { IncomingHttpHeaders } from "node:http";
import {
  bearerToken,
  decodeClaims,
  GOOGLE_ISSUERS,
  type IdTokenClaims,
  IdTokenRefused,
  readClaims,
} from "@draftmill/shared/id-token-claims.ts";

/**
 * Cloud Run has verified the token and may have replaced its signature by SIGNATURE_REMOVED_BY_GOOGLE
 * (https://cloud.google.com/run/docs/troubleshooting#signature-removed), so only the claims are left to read. With both
 * headers given it checks X-Serverless-Authorization alone (https://cloud.google.com/run/docs/authenticating/service-to-service),
 * and then the other one proves nothing.
 */
export function readEdgeToken(
  headers: IncomingHttpHeaders,
  audiences: readonly string[],
  nowMs: number,
): IdTokenClaims {
  const token = bearerToken(edgeHeader(headers));
  const payload = decodeClaims(token);
  if (payload === null) throw new IdTokenRefused("the bearer token is not a JWT");
  const { iss, aud } = payload;
  if (!GOOGLE_ISSUERS.some((issuer) => issuer === iss)) throw new IdTokenRefused("the token is not of Google's issuer");
  if (!audiences.some((audience) => audience === aud)) throw new IdTokenRefused("AUTH_AUDIENCE does not list the aud");
  const claims = readClaims(payload);
  if (nowMs >= claims.goodUntilMs) throw new IdTokenRefused("the token has expired");
  return claims;
}

/** The header that Cloud Run has looked at. */
export function edgeHeader(headers: IncomingHttpHeaders): string | readonly string[] | undefined {
  return headers["x-serverless-authorization"] ?? headers.authorization;
}
