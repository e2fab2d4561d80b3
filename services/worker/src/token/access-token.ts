import { DraftError } from "@draftmill/shared/errors.ts";

/**
 * An access token for one mailbox, in memory alone: no JSON, no log and no inspection of it shows its text. Code that takes
 * the mailbox as a type parameter does not compile with a token of another; `textFor` holds where the type is only `string`.
 */
export class AccessToken<Mailbox extends string> {
  readonly mailbox: Mailbox;
  /** Wall clock, milliseconds since the epoch. */
  readonly expiresAtMs: number;
  readonly #text: string;

  constructor(mailbox: Mailbox, text: string, expiresAtMs: number) {
    this.mailbox = mailbox;
    this.expiresAtMs = expiresAtMs;
    this.#text = text;
  }

  /** For the client of the mailbox that it was minted for; throws for any other. */
  textFor(client: { readonly mailbox: Mailbox }): string {
    if (client.mailbox !== this.mailbox) throw new DraftError("INTERNAL", { reason: "a token of another mailbox" });
    return this.#text;
  }
}
