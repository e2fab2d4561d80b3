import { TOKEN_AUDIENCE } from "@draftmill/shared/endpoints.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { CallContext } from "../google/google-call.ts";
import type { GoogleTransport } from "../google/google-transport.ts";
import { openApplicationCredentials } from "./application-credentials.ts";
import { createDelegatedClients, type DelegatedClients } from "./delegated-clients.ts";
import { exchangeJwt } from "./exchange-jwt.ts";
import { createExplainFailure, type ExplainFailure } from "./explain-failure.ts";
import { narrowDenial } from "./narrow-denial.ts";
import { signJwt } from "./sign-jwt.ts";

export interface DelegationOptions {
  /** Origin of the IAM Service Account Credentials API. */
  readonly iamCredentialsEndpoint: string;
  /** Origin of the public keys of service accounts. */
  readonly serviceAccountsEndpoint: string;
  /** Whole URL of the token endpoint. */
  readonly tokenEndpoint: string;
  /** The delegated service account; null for the one that the worker runs as. */
  readonly serviceAccount: string | null;
  readonly scope: string;
  readonly metadataOnly: boolean;
  readonly timeoutMs: number;
  readonly transport: GoogleTransport;
  /** By which the users' clients call Gmail. */
  readonly gmailTransport: GoogleTransport;
  readonly context: CallContext;
}

/** Keyless domain-wide delegation: clients that act for a mailbox each. */
export interface OpenDelegation {
  readonly clients: DelegatedClients;
  readonly explain: ExplainFailure;
}

/** "The maximum lifetime is one hour": https://developers.google.com/identity/protocols/oauth2/service-account */
const ASSERTION_LIFETIME_S = 3600;
/**
 * Dated back, so that a worker whose clock is fast by a quarter of an hour, or slow by three quarters, still gets tokens:
 * the live endpoint takes an `iat` of five minutes ahead and of an hour ago (measured).
 */
const ASSERTION_DATED_BACK_S = 600;
/** A client with its token weighs about 600 bytes (measured): 6 MB when every place is taken. */
const CLIENTS_MAX = 10_000;

export function openDelegation(options: DelegationOptions): OpenDelegation {
  const { scope, transport, context } = options;
  const credentials = openApplicationCredentials(options, context);
  let account = options.serviceAccount;
  const serviceAccount = async (): Promise<string> => {
    account ??= await credentials.email();
    if (account === null) {
      throw new DraftError("CREDENTIALS_MISSING", {
        reason: "GOOGLE_SERVICE_ACCOUNT_EMAIL is unset and the worker runs as no service account",
      });
    }
    return account;
  };
  const explain = createExplainFailure({ serviceAccount, scope }, credentials);
  const shared = { transport, context, credentials };

  async function mint<Mailbox extends string>(mailbox: Mailbox) {
    const iat = Math.floor(context.clock.nowMs() / 1000) - ASSERTION_DATED_BACK_S;
    const assertion = {
      iss: await serviceAccount(),
      sub: mailbox,
      scope,
      aud: TOKEN_AUDIENCE,
      iat,
      exp: iat + ASSERTION_LIFETIME_S,
    };
    const explainFor = async (error: DraftError): Promise<DraftError> => {
      const isDenial = error.code === "SIGNING_DENIED";
      const keys = { ...shared, endpoint: options.serviceAccountsEndpoint };
      return explain(isDenial ? await narrowDenial(keys, error, assertion.iss) : error, mailbox);
    };
    const signing = { ...shared, endpoint: options.iamCredentialsEndpoint, explain: explainFor };
    const signedJwt = await signJwt(signing, assertion);
    return exchangeJwt({ ...shared, endpoint: options.tokenEndpoint, explain: explainFor }, signedJwt, mailbox);
  }

  return { clients: createDelegatedClients(mint, options.gmailTransport, CLIENTS_MAX), explain };
}
