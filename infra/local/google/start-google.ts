import { type Clock, systemClock } from "@draftmill/shared/clock.ts";
import { postCommand } from "../example-request.ts";
import type { IdTokenSigner } from "../id-token-signer.ts";
import { AccessTokens } from "./access-tokens.ts";
import { adminRoutes } from "./admin-routes.ts";
import { type CallLog, RecordedCalls } from "./call-log.ts";
import { certs } from "./certs.ts";
import { cloudAdminRoutes } from "./cloud/cloud-admin-routes.ts";
import { type CloudProject, KnownProject } from "./cloud/cloud-project.ts";
import { cloudRoutes } from "./cloud/cloud-routes.ts";
import { type FaultScript, ScriptedFaults } from "./faults.ts";
import { accountRoutes } from "./gmail/account-routes.ts";
import { draftHeaders } from "./gmail/draft-resource.ts";
import { DraftStore } from "./gmail/draft-store.ts";
import { draftsRoutes } from "./gmail/drafts-routes.ts";
import { ListLag } from "./gmail/list-lag.ts";
import type { MessageHeader } from "./gmail/mime-part.ts";
import { Quota } from "./gmail/quota.ts";
import { mailboxPage } from "./mailbox-page/mailbox-routes.ts";
import { metadataServer } from "./metadata.ts";
import { operationHandler } from "./operation.ts";
import { buildServer } from "./server.ts";
import { numberFrom, ServiceAccounts } from "./service-accounts.ts";
import { signJwtApi } from "./sign-jwt.ts";
import { openState } from "./state.ts";
import { tokenEndpoint } from "./token-endpoint.ts";
import { type GoogleAdmin, Workspace } from "./workspace.ts";

export interface GoogleOptions {
  /** The SQLite file with drafts and keys, or ":memory:". */
  readonly statePath: string;
  /** Signs ID tokens; its public half is at /oauth2/v3/certs. */
  readonly signer: IdTokenSigner;
  /** 0, the default, takes a free one. Only 127.0.0.1 is bound. */
  readonly port?: number;
  readonly clock?: Clock;
  /** "draftmill-local" unless given. */
  readonly projectId?: string;
  /** Runs the services and is delegated; may sign as itself. `worker@{projectId}.iam.gserviceaccount.com` unless given. */
  readonly serviceAccount?: string;
  /** "any", the default: each address of `domains` exists. */
  readonly users?: readonly string[] | "any";
  /** ["example.com"] unless given. */
  readonly domains?: readonly string[];
  /** Scopes of the domain-wide delegation; gmail.compose alone unless given. */
  readonly delegatedScopes?: readonly string[];
  /** Gmail's quota per user; 6,000 unless given. */
  readonly unitsPerMinute?: number;
  /** How long a window of the quota lasts, with its part of the minute's units; a minute unless given. */
  readonly quotaWindowMs?: number;
  /** Added to every call; 0 unless given. */
  readonly latencyMs?: number;
  /** The command that an empty mailbox page proposes, asked for each time; a POST to port 8080 unless given. */
  readonly tryCommand?: () => string;
}

/** A draft as it lies in a mailbox. */
export interface SandboxDraft {
  readonly id: string;
  readonly messageId: string;
  readonly threadId: string;
  /** The whole message as saved: Gmail's Message-ID, CRLF line ends. */
  readonly raw: Buffer;
  /** Decoded, in document order. */
  readonly headers: readonly MessageHeader[];
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface SandboxGoogle {
  readonly url: string;
  readonly serviceAccount: string;
  /** The service account's OAuth client id. */
  readonly clientId: string;
  readonly projectId: string;
  /** What points a service at this Google: for a child process, or for the service's own configuration. */
  environment(): Record<string, string>;
  /** Newest first. */
  drafts(mailbox: string): readonly SandboxDraft[];
  readonly calls: CallLog;
  readonly faults: FaultScript;
  readonly admin: GoogleAdmin;
  /** The project in which Draftmill is deployed, as `draftmill doctor` sees it. */
  readonly cloud: CloudProject;
  /** What must never happen: an attempt to send, or a fault of the sandbox itself. Empty after a good run. */
  readonly violations: readonly string[];
  /** Ends every connection and closes the state file; may be called again. */
  close(): Promise<void>;
}

/** Where everything of the project runs. */
const REGION = "europe-west1";
const USUAL_API = "http://127.0.0.1:8080";

const GMAIL_COMPOSE = "https://www.googleapis.com/auth/gmail.compose";

/** Starts a Google for one project and one Workspace tenant on 127.0.0.1; resolves once it listens. */
export async function startGoogle(options: GoogleOptions): Promise<SandboxGoogle> {
  const clock = options.clock ?? systemClock;
  const projectId = options.projectId ?? "draftmill-local";
  const projectNumber = numberFrom(`project:${projectId}`, 12);
  const unitsPerMinute = options.unitsPerMinute ?? 6000;

  const db = openState(options.statePath);
  const accounts = new ServiceAccounts(db);
  const account = accounts.ensure(options.serviceAccount ?? `worker@${projectId}.iam.gserviceaccount.com`);
  const store = new DraftStore(db, clock);
  const tokens = new AccessTokens(clock);
  const workspace = new Workspace(
    options.users ?? "any",
    options.domains ?? ["example.com"],
    options.delegatedScopes ?? [GMAIL_COMPOSE],
  );
  const calls = new RecordedCalls();
  const faults = new ScriptedFaults();
  const violations: string[] = [];
  const closing = new AbortController();

  const scene = { projectNumber, serviceAccount: account.email, unitsPerMinute };
  const app = buildServer(scene, (error) => {
    if (!closing.signal.aborted)
      violations.push(`the sandbox failed: ${error instanceof Error ? error.message : "unknown"}`);
  });
  const operation = operationHandler({
    clock,
    calls,
    faults,
    latencyMs: options.latencyMs ?? 0,
    scene,
    closing: closing.signal,
  });
  const quota = new Quota(clock, unitsPerMinute, options.quotaWindowMs);
  const listLag = new ListLag(clock);
  const cloud = new KnownProject({
    project: projectId,
    number: projectNumber,
    region: REGION,
    prefix: "draftmill",
    worker: account.email,
    api: `draftmill-api@${projectId}.iam.gserviceaccount.com`,
    push: `draftmill-push@${projectId}.iam.gserviceaccount.com`,
    nowMs: clock.nowMs(),
  });
  const { signer } = options;
  app.register(metadataServer({ operation, account, tokens, signer, clock, projectId, projectNumber }));
  app.register(signJwtApi({ operation, accounts, tokens, workspace, clock }));
  app.register(tokenEndpoint({ operation, accounts, tokens, workspace, signer, clock }));
  app.register(adminRoutes(calls, faults, violations));
  app.register(cloudRoutes({ operation, tokens, project: cloud }));
  app.register(cloudAdminRoutes(cloud));
  app.register(
    mailboxPage({
      store,
      clock,
      users: workspace.listed(),
      tryCommand: options.tryCommand ?? (() => postCommand(USUAL_API)),
    }),
  );
  app.register(certs(operation, signer, accounts));
  app.register(draftsRoutes({ operation, store, listLag, tokens, workspace, quota, clock, projectNumber }));
  app.register(
    accountRoutes({ operation, store, tokens, workspace, quota, scene, onViolation: (text) => violations.push(text) }),
  );

  let url: string;
  try {
    url = await app.listen({ host: "127.0.0.1", port: options.port ?? 0 });
  } catch (error) {
    db.close();
    throw error;
  }

  let closed: Promise<void> | undefined;
  async function close(): Promise<void> {
    closing.abort();
    await app.close();
    db.close();
  }

  return {
    url,
    serviceAccount: account.email,
    clientId: account.clientId,
    projectId,
    environment: () => ({
      GCE_METADATA_HOST: new URL(url).host,
      METADATA_SERVER_DETECTION: "assume-present",
      SERVICE_ACCOUNTS_ENDPOINT: url,
      IAM_CREDENTIALS_ENDPOINT: url,
      GMAIL_ENDPOINT: url,
      OAUTH_TOKEN_ENDPOINT: `${url}/token`,
      GOOGLE_CERTS_ENDPOINT: `${url}/oauth2/v3/certs`,
      GOOGLE_APIS_ENDPOINT: url,
      GOOGLE_CLOUD_PROJECT: projectId,
      GMAIL_UNITS_PER_MINUTE: String(unitsPerMinute),
    }),
    drafts: (mailbox) =>
      store.all(mailbox.toLowerCase()).map((draft) => ({
        id: draft.id,
        messageId: draft.messageId,
        threadId: draft.threadId,
        raw: draft.raw,
        headers: draftHeaders(draft),
        createdAtMs: draft.createdAtMs,
        updatedAtMs: draft.updatedAtMs,
      })),
    calls,
    faults,
    admin: googleAdmin({ workspace, tokens, store, quota, listLag }),
    cloud,
    violations,
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

interface Administered {
  readonly workspace: Workspace;
  readonly tokens: AccessTokens;
  readonly store: DraftStore;
  readonly quota: Quota;
  readonly listLag: ListLag;
}

function googleAdmin({ workspace, tokens, store, quota, listLag }: Administered): GoogleAdmin {
  return {
    grantDelegation: (scopes) => workspace.delegate(scopes),
    revokeDelegation: () => workspace.delegate([]),
    denySigning: (denied) => {
      workspace.signingDenied = denied;
    },
    suspendUser: (address) => workspace.setState(address, "suspended"),
    deleteUser: (address) => workspace.setState(address, "deleted"),
    restoreUser: (address) => workspace.restore(address),
    disableMail: (address) => workspace.setMail(address, false),
    setGmailApi: (enabled) => {
      workspace.gmailApiEnabled = enabled;
    },
    setIamCredentialsApi: (enabled) => {
      workspace.iamCredentialsApiEnabled = enabled;
    },
    dropMarkers: (dropped) => {
      workspace.markersDropped = dropped;
    },
    expireTokens: () => tokens.revokeAll(),
    setAliases: (mailbox, addresses) => workspace.setAliases(mailbox, addresses),
    addThread: (mailbox, subject) => store.addThread(mailbox.toLowerCase(), subject),
    editDraft(mailbox, draftId) {
      const draft = store.find(mailbox.toLowerCase(), draftId);
      if (draft === undefined) throw new RangeError(`there is no draft ${draftId}`);
      const raw = Buffer.concat([draft.raw, Buffer.from("\r\n(edited)\r\n")]);
      store.update(mailbox.toLowerCase(), draftId, {
        raw,
        rfc822MessageId: draft.rfc822MessageId,
        threadId: undefined,
      });
    },
    deleteDraft: (mailbox, draftId) => {
      store.delete(mailbox.toLowerCase(), draftId);
    },
    setQuota: (unitsPerMinute) => {
      quota.unitsPerMinute = unitsPerMinute;
    },
    setListLag: (mailbox, lagMs) => listLag.set(mailbox, lagMs),
  };
}
