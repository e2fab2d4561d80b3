import type { IncomingHttpHeaders } from "node:http";
import { DraftError } from "@draftmill/shared/errors.ts";

/**
 * - `iam`: Cloud Run's invoker check stands in front; the api only reads whom it let through
 * - `none`: every caller is welcome and nobody is known
 */
export const AUTH_MODES = ["iam", "none"] as const;
export type AuthMode = (typeof AUTH_MODES)[number];

/** Who calls: a verified address, or null when the mode asks nobody. */
export type Caller = string | null;

/** An identity token is good for an hour; a minute of difference between two clocks is no forgery. */
const CLOCK_SKEW_MS = 60_000;

/** Names the caller of a request. Throws UNAUTHENTICATED when the mode wants an identity and there is none to accept. */
export function identifyCaller(mode: AuthMode, headers: IncomingHttpHeaders, nowMs: number): Caller {
  switch (mode) {
    case "none":
      return null;
    case "iam":
      return readVerifiedEmail(headers, nowMs);
    default:
      return mode satisfies never;
  }
}

/**
 * Cloud Run has verified the token and may have replaced its signature by SIGNATURE_REMOVED_BY_GOOGLE
 * (https://cloud.google.com/run/docs/troubleshooting#signature-removed), so only the claims are left to read. With both
 * headers given it checks X-Serverless-Authorization alone (https://cloud.google.com/run/docs/authenticating/service-to-service),
 * and then the other one proves nothing.
 */
function readVerifiedEmail(headers: IncomingHttpHeaders, nowMs: number): string {
  const header = headers["x-serverless-authorization"] ?? headers.authorization;
  const token = typeof header === "string" ? /^Bearer +(\S+)$/i.exec(header)?.[1] : undefined;
  if (token === undefined) throw new DraftError("UNAUTHENTICATED", { reason: "there is no bearer token" });
  const { email, email_verified, exp } = readClaims(token);
  if (typeof email !== "string" || email === "" || email_verified !== true) {
    throw new DraftError("UNAUTHENTICATED", {
      reason: "the token names no verified e-mail address: ask for it with format=full or includeEmail",
    });
  }
  if (typeof exp !== "number" || exp * 1000 + CLOCK_SKEW_MS < nowMs) {
    throw new DraftError("UNAUTHENTICATED", { reason: "the token has expired" });
  }
  return email;
}

function readClaims(token: string): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    if (typeof claims === "object" && claims !== null) return { ...claims };
  } catch {
    // Falls through: what does not parse is no token.
  }
  throw new DraftError("UNAUTHENTICATED", { reason: "the bearer token is not a JWT" });
}
