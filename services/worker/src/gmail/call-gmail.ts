import { DraftError } from "@draftmill/shared/errors.ts";
import type { gaxios } from "google-auth-library";
import { type CallContext, callGoogle } from "../google/google-call.ts";
import { withDeadline } from "../google/with-deadline.ts";
import { type Admit, NO_ADMISSION } from "../pacing/pacer.ts";
import { refusalOf } from "../pacing/refusal-of.ts";
import type { DelegatedClient } from "../token/delegated-client.ts";
import type { DelegatedClients } from "../token/delegated-clients.ts";
import type { ExplainFailure } from "../token/explain-failure.ts";
import { classifyGmail } from "./classify-gmail.ts";
import { QUOTA_UNITS } from "./quota-units.ts";

export interface CallGmailDeps {
  readonly clients: DelegatedClients;
  readonly explain: ExplainFailure;
  readonly context: CallContext;
  /** Origin of the Gmail API. */
  readonly endpoint: string;
  /** Told of each call that leaves without an admission, and of what it costs. */
  readonly onSpend: OnSpend;
}

export type OnSpend = (mailbox: string, units: number) => void;

export type GmailOperation = "drafts.create" | "drafts.list" | "drafts.get" | "drafts.delete" | "getProfile";

/** What changes a mailbox. Of a call that looks, whatever became of it, nothing has come. */
const CHANGES: ReadonlySet<GmailOperation> = new Set(["drafts.create", "drafts.delete"]);

/** How a method of the client library is to be called. */
export interface RequestOptions {
  /** Per call, because for uploads the library ignores the one of the client (googleapis-common 9.3.1). */
  readonly rootUrl: string;
  readonly retry: false;
  readonly signal: AbortSignal;
  readonly adapter: NonNullable<gaxios.GaxiosOptions["adapter"]>;
}

export interface GmailCall<Mailbox extends string, Data> {
  readonly operation: GmailOperation;
  readonly mailbox: Mailbox;
  readonly signal: AbortSignal;
  /** Waits for the mailbox's turn. Not given, the call leaves at once: a create's caller has waited, a lease does not wait. */
  readonly admit?: Admit | undefined;
  /** Runs synchronously right before the request leaves; throws a `DraftError` to keep it back. */
  readonly beforeLeaving?: (() => void) | undefined;
  /** Called once more after a 401, so it must build what it sends. */
  invoke(
    auth: DelegatedClient<Mailbox>,
    options: RequestOptions,
  ): Promise<{ readonly status: number; readonly data: Data }>;
}

/** Makes one call as one mailbox, with its token, and turns every failure into a `DraftError`. */
export type CallGmail = <Mailbox extends string, Data>(call: GmailCall<Mailbox, Data>) => Promise<Data>;

export function createCallGmail(deps: CallGmailDeps): CallGmail {
  return async (call) => {
    const client = deps.clients.clientFor(call.mailbox);
    try {
      return await callOnce(deps, call, client);
    } catch (error) {
      if (!(error instanceof DraftError) || error.code !== "GMAIL_UNAUTHENTICATED") throw error;
      // The token was revoked or its grant changed. A 401 refuses for certain, so that once more is no second try.
      deps.clients.forget(client);
      return callOnce(deps, call, deps.clients.clientFor(call.mailbox));
    }
  };
}

/** Waits for the client's token, under the deadline of the attempt. */
export async function haveToken(client: DelegatedClient<string>, signal: AbortSignal): Promise<void> {
  if (client.hasToken() && !signal.aborted) return;
  try {
    await withDeadline(client.getRequestHeaders(), signal);
  } catch (error) {
    throw signal.aborted && !(error instanceof DraftError) ? timeIsUp() : error;
  }
}

async function callOnce<Mailbox extends string, Data>(
  deps: CallGmailDeps,
  call: GmailCall<Mailbox, Data>,
  client: DelegatedClient<Mailbox>,
): Promise<Data> {
  const { operation, mailbox, signal, beforeLeaving, admit } = call;
  const { context, endpoint } = deps;
  await haveToken(client, signal);
  using admission = admit === undefined ? NO_ADMISSION : await admit(QUOTA_UNITS[operation]);
  let left = false;
  const options: RequestOptions = {
    rootUrl: endpoint,
    retry: false,
    signal,
    adapter(request, send) {
      if (signal.aborted) throw timeIsUp();
      beforeLeaving?.();
      left = true;
      // The admission of a create is its caller's.
      if (admit === undefined && operation !== "drafts.create") deps.onSpend(mailbox, QUOTA_UNITS[operation]);
      return send(request);
    },
  };
  const { data } = await callGoogle(
    {
      operation,
      mailbox,
      classify(failure) {
        const error = classifyGmail(failure, context.clock.nowMs());
        if (error.class === "throttled") admission.refused(refusalOf(error));
        return deps.explain(left && CHANGES.has(operation) ? error : error.asNotApplied(), mailbox);
      },
    },
    context,
    () => call.invoke(client, options),
  );
  admission.served();
  return data;
}

function timeIsUp(): DraftError {
  return new DraftError("LEASE_SPENT", { reason: "The attempt's time was over before the call could leave" });
}
