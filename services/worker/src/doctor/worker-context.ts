import type { Clock } from "@draftmill/shared/clock.ts";
import { GoogleApis } from "@draftmill/shared/doctor/google-apis.ts";
import type { Probe, Trail, Verdict } from "@draftmill/shared/doctor/probe.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { WorkerConfig } from "../config.ts";
import { type CallGmail, createCallGmail } from "../gmail/call-gmail.ts";
import { type DraftsResource, openDraftsResource } from "../gmail/drafts-resource.ts";
import { createGmailClient } from "../gmail/gmail-client.ts";
import type { Gmail } from "../gmail/gmail-port.ts";
import { type GmailOptions, openGmailCalls } from "../gmail/open-gmail.ts";
import type { GoogleCall, GoogleOperation } from "../google/google-call.ts";
import { type ApplicationCredentials, openApplicationCredentials } from "../token/application-credentials.ts";

/** What the worker's probes are asked about, and by what: the product's own way to Google. */
export interface WorkerContext {
  readonly config: WorkerConfig;
  readonly mailbox: string;
  readonly clock: Clock;
  readonly credentials: ApplicationCredentials;
  readonly google: GoogleApis;
  readonly gmail: Gmail;
  readonly call: CallGmail;
  readonly drafts: DraftsResource;
  /** Another Gmail, whose tokens carry this scope. */
  gmailWith(scope: string): Gmail;
  /** A token for the mailbox, asked for once: null, or why there is none. */
  tokenFailure(): Promise<DraftError | null>;
  /** Notes the calls of these kinds that were made so far. */
  noteCalls(trail: Trail, ...operations: readonly GoogleOperation[]): void;
}

export type WorkerProbe = Probe<WorkerContext>;

/** A probe has to say something before the whole run's time is over. */
const CALL_TIMEOUT_MS = 4_000;

export interface WorkerContextOptions {
  readonly config: WorkerConfig;
  readonly mailbox: string;
  readonly clock: Clock;
  /** Takes the place of Google's administrative APIs; undefined: Google's. */
  readonly apisEndpoint: string | undefined;
}

export function openWorkerContext({ config, mailbox, clock, apisEndpoint }: WorkerContextOptions): WorkerContext {
  const { env } = config;
  const calls: GoogleCall[] = [];
  const metadataOnly = env.GCE_METADATA_HOST !== undefined;
  const options: GmailOptions = {
    endpoints: env,
    serviceAccount: env.GOOGLE_SERVICE_ACCOUNT_EMAIL ?? null,
    scope: env.GMAIL_SCOPE,
    timeoutMs: Math.min(env.GOOGLE_TIMEOUT_MS, CALL_TIMEOUT_MS),
    metadataOnly,
    clock,
    onCall: (call) => calls.push(call),
  };
  const { timeoutMs } = options;
  const quiet = { clock, onCall: () => {} };
  const credentials = openApplicationCredentials({ timeoutMs, metadataOnly }, { clock, onCall: options.onCall });
  const deps = openGmailCalls(options);
  const drafts = openDraftsResource();
  const gmailOf = (own: GmailOptions): Gmail => createGmailClient({ ...openGmailCalls(own), drafts, findMax: 50 });
  const gmail = createGmailClient({ ...deps, drafts, findMax: 50 });
  let token: Promise<DraftError | null> | null = null;
  return {
    config,
    mailbox,
    clock,
    credentials,
    google: new GoogleApis({ origin: apisEndpoint, headers: () => credentials.headers() }),
    gmail,
    call: createCallGmail(deps),
    drafts,
    gmailWith: (scope) => gmailOf({ ...options, ...quiet, scope }),
    tokenFailure() {
      token ??= gmail.prepare(mailbox, AbortSignal.timeout(3 * CALL_TIMEOUT_MS)).then(() => null, draftError);
      return token;
    },
    noteCalls(trail, ...operations) {
      for (const { operation, status, reason } of calls) {
        if (!operations.includes(operation)) continue;
        trail.note(`${operation} ${reason ?? status ?? "no answer"}`);
      }
    },
  };
}

/** A failure of ours is thrown on. */
export function draftError(error: unknown): DraftError {
  if (error instanceof DraftError) return error;
  throw error;
}

/** What a failure of Google's says of the thing asked about: that it is wrong, or, where it would pass, nothing. */
export function verdictOf(error: DraftError): Verdict {
  const said = error.message;
  const passes = error.class === "transient" || error.class === "throttled";
  if (!passes) return { status: "wrong", said, remedies: [error.remedy] };
  return { status: "cannot-tell", said, remedies: ["Run it again; if it stays so: https://status.cloud.google.com"] };
}
