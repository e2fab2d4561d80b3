import { DraftError } from "@draftmill/shared/errors.ts";
import { type CallContext, callGoogle } from "../google/google-call.ts";
import type { GoogleTransport } from "../google/google-transport.ts";

export interface NarrowDenialDeps {
  /** Origin of the pages with service accounts' public keys. */
  readonly endpoint: string;
  readonly transport: GoogleTransport;
  readonly context: CallContext;
}

/**
 * signJwt refuses a missing right and a missing account in the same words. Google publishes the public keys of every
 * service account, so an account without that page does not exist: then this is SIGNER_NOT_FOUND. In doubt the denial
 * stands as it is.
 */
export async function narrowDenial(deps: NarrowDenialDeps, denial: DraftError, account: string): Promise<DraftError> {
  const notFound = new DraftError("SIGNER_NOT_FOUND", { reason: `${denial.reason}; its public keys are not found` });
  try {
    await callGoogle(
      {
        operation: "signer.keys",
        mailbox: null,
        classify: ({ status }) => (status === 404 ? notFound : denial),
      },
      deps.context,
      () => deps.transport.request({ url: `${deps.endpoint}/service_accounts/v1/jwk/${encodeURIComponent(account)}` }),
    );
    return denial;
  } catch (error) {
    return error === notFound ? notFound : denial;
  }
}
