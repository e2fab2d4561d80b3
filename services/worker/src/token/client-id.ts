import type { ApplicationCredentials } from "./application-credentials.ts";

/** Any audience will do: the token is read, never sent. */
const AUDIENCE = "https://admin.google.com";

/**
 * The delegated account's numeric client id, which the Admin console asks for. The metadata server tells it of the
 * account that the worker runs as, and of no other: for another account this is the command that prints it.
 */
export async function clientIdOf(serviceAccount: string, credentials: ApplicationCredentials): Promise<string> {
  const claims = (await credentials.identityClaims(AUDIENCE)) ?? {};
  const id = claims.email === serviceAccount ? (claims.sub ?? claims.azp) : undefined;
  if (typeof id === "string" && /^\d+$/.test(id)) return id;
  return `(printed by: gcloud iam service-accounts describe ${serviceAccount} --format='value(uniqueId)')`;
}
