import { createHash } from "node:crypto";
import type { Clock } from "@draftmill/shared/clock.ts";
import type { IdTokenSigner } from "../id-token-signer.ts";
import type { TokenFault } from "./faults.ts";
import type { PushConfig } from "./subscription.ts";

const LIFETIME_SECONDS = 3600;
/** "The token can be up to an hour old", says Google; a little less leaves the endpoint time to read it. */
const REUSE_SECONDS = 3300;

/** The OIDC tokens of push requests; see https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions. */
export class PushTokens {
  readonly #signer: IdTokenSigner;
  readonly #clock: Clock;
  readonly #tokens = new Map<string, { readonly token: Promise<string>; readonly issuedSeconds: number }>();

  constructor(signer: IdTokenSigner, clock: Clock) {
    this.#signer = signer;
    this.#clock = clock;
  }

  /** What to put after "Bearer ", or undefined if the push goes without. */
  async tokenFor(push: PushConfig, fault?: TokenFault): Promise<string | undefined> {
    if (push.oidcToken === undefined || fault === "missing") return undefined;
    const email = push.oidcToken.serviceAccountEmail;
    const audience = push.oidcToken.audience ?? push.endpoint;
    const nowSeconds = Math.floor(this.#clock.nowMs() / 1000);
    if (fault !== undefined) return this.#spoilt(claims(email, audience, nowSeconds), fault);
    const key = JSON.stringify([email, audience]);
    const known = this.#tokens.get(key);
    if (known !== undefined && nowSeconds - known.issuedSeconds < REUSE_SECONDS) return known.token;
    const token = this.#signer.sign(claims(email, audience, nowSeconds));
    this.#tokens.set(key, { token, issuedSeconds: nowSeconds });
    return token;
  }

  async #spoilt(good: ReturnType<typeof claims>, fault: Exclude<TokenFault, "missing">): Promise<string> {
    switch (fault) {
      case "bad-signature":
        return withAnotherSignature(await this.#signer.sign(good));
      case "wrong-audience":
        return this.#signer.sign({ ...good, aud: "https://elsewhere.example.test/" });
      case "wrong-email":
        return this.#signer.sign({ ...good, email: "somebody-else@example.test" });
      case "wrong-issuer":
        return this.#signer.sign({ ...good, iss: "https://issuer.example.test" });
      case "expired":
        return this.#signer.sign({
          ...good,
          iat: good.iat - 2 * LIFETIME_SECONDS,
          exp: good.exp - 2 * LIFETIME_SECONDS,
        });
      case "email-not-verified":
        return this.#signer.sign({ ...good, email_verified: false });
    }
    fault satisfies never;
  }
}

function claims(email: string, audience: string, nowSeconds: number) {
  const uniqueId = numericId(email);
  return {
    aud: audience,
    azp: uniqueId,
    email,
    email_verified: true,
    exp: nowSeconds + LIFETIME_SECONDS,
    iat: nowSeconds,
    iss: "https://accounts.google.com",
    sub: uniqueId,
  };
}

/** Service accounts have a 21-digit id; the same email always gets the same one. */
function numericId(email: string): string {
  const digest = createHash("sha256").update(email).digest("hex");
  return `1${(BigInt(`0x${digest}`) % 10n ** 20n).toString().padStart(20, "0")}`;
}

function withAnotherSignature(token: string): string {
  const [header, payload, signature = ""] = token.split(".");
  const spoilt = [...signature].reverse().join("");
  return `${header}.${payload}.${spoilt}`;
}
