import { type AuthClient, Compute, GoogleAuth, gcpMetadata } from "google-auth-library";
import { type CallContext, callGoogle } from "../google/google-call.ts";
import { readGoogleFailure } from "../google/google-failure.ts";
import { withDeadline } from "../google/with-deadline.ts";
import { classifyCredentials, classifySearch } from "./classify-credentials.ts";

/** signJwt asks for it: https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signJwt */
const SCOPES = ["https://www.googleapis.com/auth/cloud-platform"];

/** The worker's own identity: on Google Cloud its service account, elsewhere application default credentials. */
export interface ApplicationCredentials {
  /** Headers that authorise a call as the worker; the token behind them is cached until 5 minutes before its end. */
  headers(): Promise<Headers>;
  /** Makes the next `headers()` start over, after Google refused the token. */
  forget(): void;
  /** The service account that the worker runs as; null when it runs as a person. */
  email(): Promise<string | null>;
  /** The claims of an identity token of that account, from the metadata server; null where there is none. */
  identityClaims(audience: string): Promise<Readonly<Record<string, unknown>> | null>;
}

export interface CredentialsOptions {
  /** Deadline of each single step. */
  readonly timeoutMs: number;
  /**
   * Take the identity from the metadata server and nowhere else. For a metadata server that was named on purpose, as the
   * local stack does: a person's own gcloud login on the same machine would otherwise come first.
   */
  readonly metadataOnly: boolean;
}

/** Looks for credentials at the first use, and once more after each failure. */
export function openApplicationCredentials(options: CredentialsOptions, context: CallContext): ApplicationCredentials {
  const { timeoutMs, metadataOnly } = options;
  let auth = newAuth(metadataOnly);
  let underWay: Promise<Headers> | null = null;

  function forget(): void {
    auth = newAuth(metadataOnly);
    // A metadata server that was not there yet is remembered as absent for the life of the process.
    gcpMetadata.resetIsAvailableCache();
  }

  async function findClient(): Promise<AuthClient> {
    try {
      return await withDeadline(auth.getClient(), AbortSignal.timeout(timeoutMs));
    } catch (error) {
      forget();
      throw classifySearch(readGoogleFailure(error));
    }
  }

  async function freshHeaders(): Promise<Headers> {
    const client = await findClient();
    const { access_token: token, expiry_date: endsMs } = client.credentials;
    const ask = (): Promise<Headers> => withDeadline(client.getRequestHeaders(), AbortSignal.timeout(timeoutMs));
    if (token && endsMs && endsMs - client.eagerRefreshThresholdMillis > context.clock.nowMs()) return ask();
    try {
      const call = { operation: "metadata.token", mailbox: null, classify: classifyCredentials } as const;
      const answer = await callGoogle(call, context, async () => ({ status: 200, headers: await ask() }));
      return answer.headers;
    } catch (error) {
      forget();
      throw error;
    }
  }

  function headers(): Promise<Headers> {
    underWay ??= freshHeaders().finally(() => {
      underWay = null;
    });
    return underWay;
  }

  return {
    headers,
    forget,
    async email() {
      // Getting a token first tells an absent identity from one that is slow to answer.
      await headers();
      try {
        const { client_email: email } = await withDeadline(auth.getCredentials(), AbortSignal.timeout(timeoutMs));
        return email ?? null;
      } catch (error) {
        throw classifyCredentials(readGoogleFailure(error));
      }
    },
    async identityClaims(audience) {
      const property = "service-accounts/default/identity";
      try {
        const token = await withDeadline(
          gcpMetadata.instance<unknown>({ property, params: { audience, format: "full" } }),
          AbortSignal.timeout(timeoutMs),
        );
        return typeof token === "string" ? claimsOf(token) : null;
      } catch {
        return null;
      }
    },
  };
}

function newAuth(metadataOnly: boolean): GoogleAuth<AuthClient> {
  return new GoogleAuth<AuthClient>({
    scopes: SCOPES,
    ...(metadataOnly ? { authClient: new Compute({ scopes: SCOPES }) } : {}),
  });
}

/** Unverified: it came from the metadata server, over no network that others are on. */
function claimsOf(token: string): Readonly<Record<string, unknown>> {
  const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
  return typeof claims === "object" && claims !== null ? { ...claims } : {};
}
