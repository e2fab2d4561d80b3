import { ERROR_CODES } from "@draftmill/shared/error-codes.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { ApplicationCredentials } from "./application-credentials.ts";
import { clientIdOf } from "./client-id.ts";

/** Adds to a failure the facts that its remedy has holes for; what an administrator has to paste is then in it. */
export type ExplainFailure = (error: DraftError, mailbox: string) => Promise<DraftError>;

export interface Delegation {
  /** The delegated account. Rejects with a `DraftError` while it is not known. */
  serviceAccount(): Promise<string>;
  readonly scope: string;
}

/** Asks for the runtime account's name and the client id only when a remedy speaks of them, and then once. */
export function createExplainFailure(delegation: Delegation, credentials: ApplicationCredentials): ExplainFailure {
  let clientId: Promise<string> | null = null;
  let runtimeAccount: string | null = null;

  return async (error, mailbox) => {
    const { remedy } = ERROR_CODES[error.code];
    const facts: Record<string, string> = { mailbox, scope: delegation.scope };
    const serviceAccount = await delegation.serviceAccount();
    facts.serviceAccount = serviceAccount;
    const project = /@([^.@]+)\.iam\.gserviceaccount\.com$/.exec(serviceAccount)?.[1];
    if (project !== undefined) facts.project = project;
    if (remedy.includes("{clientId}")) {
      clientId ??= clientIdOf(serviceAccount, credentials);
      facts.clientId = await clientId;
    }
    if (remedy.includes("{runtimeServiceAccount}")) {
      runtimeAccount ??= await credentials.email().catch(() => null);
      if (runtimeAccount !== null) facts.runtimeServiceAccount = runtimeAccount;
    }
    return withFacts(error, { ...facts, ...error.facts });
  };
}

function withFacts(error: DraftError, facts: Readonly<Record<string, string>>): DraftError {
  const { code, reason, fields, applied, retryAfterMs } = error;
  return new DraftError(code, {
    reason,
    fields,
    applied,
    facts,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
