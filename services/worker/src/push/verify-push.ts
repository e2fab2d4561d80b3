import { DraftError } from "@draftmill/shared/errors.ts";
import { type IdTokenClaims, IdTokenRefused } from "@draftmill/shared/id-token-claims.ts";
import type { VerifyIdToken } from "@draftmill/shared/verified-tokens.ts";

/** Whether a push comes from our subscription. Rejects with PUSH_UNVERIFIED or CERTS_UNAVAILABLE. */
export type VerifyPush = (authorization: string | undefined) => Promise<void>;

/** Accepts pushes whose token names the subscription's service account. Runs before the body is read. */
export function createPushVerifier(verifyIdToken: VerifyIdToken, serviceAccount: string): VerifyPush {
  return async (authorization) => {
    const token = /^Bearer ([\w.-]+)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) throw new DraftError("PUSH_UNVERIFIED", { reason: "the push carries no bearer token" });
    const { email } = await acceptedClaims(verifyIdToken, token);
    if (email !== serviceAccount) {
      throw new DraftError("PUSH_UNVERIFIED", { reason: "the token is of another service account" });
    }
  };
}

/** For Google's emulator, which sends no token. */
export const acceptAnyPush: VerifyPush = async () => {};

async function acceptedClaims(verifyIdToken: VerifyIdToken, token: string): Promise<IdTokenClaims> {
  try {
    return await verifyIdToken(token);
  } catch (error) {
    if (error instanceof IdTokenRefused) throw new DraftError("PUSH_UNVERIFIED", { reason: error.reason });
    throw error;
  }
}
