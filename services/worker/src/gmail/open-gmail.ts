import type { Clock } from "@draftmill/shared/clock.ts";
import { openPooledFetch } from "@draftmill/shared/http/pooled-fetch.ts";
import type { OnGoogleCall } from "../google/google-call.ts";
import { openGoogleTransport } from "../google/google-transport.ts";
import { openDelegation } from "../token/open-delegation.ts";
import { fetchAllowedOnly } from "./allowed-calls.ts";
import type { CallGmailDeps, OnSpend } from "./call-gmail.ts";
import { openDraftsResource } from "./drafts-resource.ts";
import { createGmailClient } from "./gmail-client.ts";
import type { Gmail } from "./gmail-port.ts";

/** Where Google is, named as in the environment so that a service hands on what it read. */
export interface GoogleEndpoints {
  /** Origin of the IAM Service Account Credentials API. */
  readonly IAM_CREDENTIALS_ENDPOINT: string;
  /** Origin of the public keys of service accounts. */
  readonly SERVICE_ACCOUNTS_ENDPOINT: string;
  /** Whole URL of the token endpoint. The assertion's audience is Google's whatever stands here. */
  readonly OAUTH_TOKEN_ENDPOINT: string;
  /** Origin of the Gmail API. */
  readonly GMAIL_ENDPOINT: string;
}

export interface GmailOptions {
  readonly endpoints: GoogleEndpoints;
  /** The delegated service account; null for the one that the worker runs as. */
  readonly serviceAccount: string | null;
  /** The one scope that each token has. */
  readonly scope: string;
  /** Deadline of each single call. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly onCall: OnGoogleCall;
  /** Told of the quota units of each call that did not wait for its mailbox's turn; default: nobody is. */
  readonly onSpend?: OnSpend | undefined;
  /**
   * Take the worker's own identity from the metadata server and nowhere else; default false. Right where
   * GCE_METADATA_HOST is set: a person's gcloud login on the same machine would otherwise come first.
   */
  readonly metadataOnly?: boolean;
  /** Most drafts that one search opens, newest first; default 500. Each costs 20 quota units, once per instance. */
  readonly findMax?: number;
  /** What carries the requests; default: connections of its own, which cost a third of Node's fetch. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

const FIND_MAX = 500;

/**
 * Gmail with everything below it: the worker's own credentials, signJwt, the token endpoint, a token per mailbox. Opens
 * no connection before the first call, and holds nothing that needs closing.
 */
export function openGmail(options: GmailOptions): Gmail {
  const { findMax = FIND_MAX } = options;
  return createGmailClient({ ...openGmailCalls(options), drafts: openDraftsResource(), findMax });
}

/** What every call to Gmail is made of; the only way to Gmail, through the list of calls that may be made. */
export function openGmailCalls(options: GmailOptions): CallGmailDeps {
  const { endpoints, serviceAccount, scope, timeoutMs, metadataOnly = false } = options;
  const { fetch = openPooledFetch({ timeoutMs }) } = options;
  const limitMs = options.fetch === undefined ? 0 : timeoutMs;
  const context = { clock: options.clock, onCall: options.onCall };
  const { clients, explain } = openDelegation({
    iamCredentialsEndpoint: endpoints.IAM_CREDENTIALS_ENDPOINT,
    serviceAccountsEndpoint: endpoints.SERVICE_ACCOUNTS_ENDPOINT,
    tokenEndpoint: endpoints.OAUTH_TOKEN_ENDPOINT,
    serviceAccount,
    scope,
    metadataOnly,
    timeoutMs,
    transport: openGoogleTransport(limitMs, fetch),
    gmailTransport: openGoogleTransport(limitMs, fetchAllowedOnly(endpoints.GMAIL_ENDPOINT, fetch)),
    context,
  });
  const { onSpend = () => {} } = options;
  return { clients, explain, context, endpoint: endpoints.GMAIL_ENDPOINT, onSpend };
}
