import { OAuth2Client } from "google-auth-library";
import type { GoogleTransport } from "../google/google-transport.ts";
import type { AccessToken } from "./access-token.ts";

/** Makes an access token for one mailbox. Every failure is a `DraftError`. */
export type MintToken = <Mailbox extends string>(mailbox: Mailbox) => Promise<AccessToken<Mailbox>>;

/** Mints are shared by name of the refresh token, so there has to be one; it is never sent. */
const PLACEHOLDER = "delegation-placeholder";

/**
 * An OAuth2 client that acts for one mailbox. It extends the library's client the way the library's own Compute and
 * JWT clients do, and so inherits: one mint for all that wait, renewal from 5 minutes before the end, and no memory of
 * a mint that failed.
 */
export class DelegatedClient<Mailbox extends string> extends OAuth2Client {
  readonly mailbox: Mailbox;
  readonly #mint: MintToken;

  constructor(mailbox: Mailbox, mint: MintToken, transport: GoogleTransport) {
    // forceRefreshOnFailure stays off: it would mint on every quota refusal too, since those are 403.
    // useAuthRequestParameters would have each request and its answer written out for a log that nobody keeps.
    super({
      transporter: transport,
      credentials: { refresh_token: PLACEHOLDER, expiry_date: 1 },
      useAuthRequestParameters: false,
    });
    this.mailbox = mailbox;
    this.#mint = mint;
  }

  /** Whether it would answer with a token at once. */
  hasToken(): boolean {
    return typeof this.credentials.access_token === "string" && !this.isTokenExpiring();
  }

  protected override async refreshTokenNoCache() {
    const token = await this.#mint(this.mailbox);
    const tokens = { access_token: token.textFor(this), expiry_date: token.expiresAtMs, token_type: "Bearer" };
    return { tokens, res: null };
  }
}
