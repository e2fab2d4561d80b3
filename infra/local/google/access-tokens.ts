import { randomBytes } from "node:crypto";
import type { Clock } from "@draftmill/shared/clock.ts";

/** What an access token stands for. */
export interface Grant {
  /** The address of the user or service account it acts as, in lower case. */
  readonly subject: string;
  readonly kind: "user" | "service-account";
  readonly scopes: readonly string[];
}

interface IssuedGrant extends Grant {
  readonly expiresAtMs: number;
}

/** Opaque bearer tokens, kept in memory: after a restart each of them is unknown, and a client has to mint anew. */
export class AccessTokens {
  readonly #clock: Clock;
  readonly #grants = new Map<string, IssuedGrant>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  issue(grant: Grant, lifetimeSeconds: number): string {
    const nowMs = this.#clock.nowMs();
    for (const [token, issued] of this.#grants) {
      // Insertion order is nearly expiry order, so this stops early.
      if (issued.expiresAtMs > nowMs) break;
      this.#grants.delete(token);
    }
    const token = `ya29.sandbox.${randomBytes(48).toString("base64url")}`;
    this.#grants.set(token, { ...grant, expiresAtMs: nowMs + lifetimeSeconds * 1000 });
    return token;
  }

  /** The grant behind a token that is known and not expired. */
  find(token: string): Grant | undefined {
    const grant = this.#grants.get(token);
    return grant !== undefined && grant.expiresAtMs > this.#clock.nowMs() ? grant : undefined;
  }

  revokeAll(): void {
    this.#grants.clear();
  }
}

/** The token of an `Authorization: Bearer` header. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
}
