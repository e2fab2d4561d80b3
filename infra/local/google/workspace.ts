/** What the administrators of the domain and of the project can change; each takes effect with the next call. */
export interface GoogleAdmin {
  /** Domain-wide delegation: these scopes for the service account, in place of those before. */
  grantDelegation(scopes: readonly string[]): void;
  revokeDelegation(): void;
  /** Takes `iam.serviceAccounts.signJwt` away, or gives it back. */
  denySigning(denied: boolean): void;
  suspendUser(address: string): void;
  deleteUser(address: string): void;
  /** Undoes suspension, deletion and a mail service that is off. */
  restoreUser(address: string): void;
  /** Takes the Gmail licence away: tokens are minted, Gmail refuses. */
  disableMail(address: string): void;
  setGmailApi(enabled: boolean): void;
  setIamCredentialsApi(enabled: boolean): void;
  /** Every access token issued so far becomes invalid. */
  expireTokens(): void;
  /** The user's verified send-as addresses. From here on any other sender is replaced; before, each stays as it was sent. */
  setAliases(mailbox: string, addresses: readonly string[]): void;
  /** Puts a thread with one received message into the mailbox, to reply to; answers its id. */
  addThread(mailbox: string, subject: string): string;
  /** What a person does who works on a draft: same draft, other text, a new message id. */
  editDraft(mailbox: string, draftId: string): void;
  /** What a person does who sends a draft or throws it away. */
  deleteDraft(mailbox: string, draftId: string): void;
  /** Has drafts lose our own header when they are saved, as Gmail is trusted not to do. */
  dropMarkers(dropped: boolean): void;
  /** The quota of every user from here on. */
  setQuota(unitsPerMinute: number): void;
  /** drafts.list leaves a draft of the mailbox out until it is so old; `Infinity` hides all of them, 0 shows all. */
  setListLag(mailbox: string, lagMs: number): void;
}

export type UserState = "active" | "suspended" | "deleted" | "unknown";

/** The Workspace tenant: who exists, who has mail, and what the service account is allowed. */
export class Workspace {
  readonly #users: ReadonlySet<string> | "any";
  readonly #domains: ReadonlySet<string>;
  readonly #states = new Map<string, "suspended" | "deleted">();
  readonly #withoutMail = new Set<string>();
  readonly #aliases = new Map<string, readonly string[]>();
  #delegated: ReadonlySet<string>;
  signingDenied = false;
  gmailApiEnabled = true;
  markersDropped = false;
  iamCredentialsApiEnabled = true;

  constructor(users: readonly string[] | "any", domains: readonly string[], delegatedScopes: readonly string[]) {
    this.#users = users === "any" ? "any" : new Set(users.map((user) => user.toLowerCase()));
    this.#domains = new Set(domains.map((domain) => domain.toLowerCase()));
    this.#delegated = new Set(delegatedScopes);
  }

  stateOf(address: string): UserState {
    const user = address.toLowerCase();
    const state = this.#states.get(user);
    if (state !== undefined) return state;
    const [local, domain, ...rest] = user.split("@");
    const known = this.#users === "any" ? this.#domains.has(domain ?? "") : this.#users.has(user);
    return known && local !== "" && rest.length === 0 ? "active" : "unknown";
  }

  /** The users by name, where they are not "any". */
  listed(): readonly string[] {
    return this.#users === "any" ? [] : [...this.#users];
  }

  hasMail(address: string): boolean {
    return !this.#withoutMail.has(address.toLowerCase());
  }

  setAliases(address: string, aliases: readonly string[]): void {
    this.#aliases.set(
      address.toLowerCase(),
      aliases.map((alias) => alias.toLowerCase()),
    );
  }

  /** Undefined where nobody has told them. */
  aliasesOf(address: string): readonly string[] | undefined {
    return this.#aliases.get(address.toLowerCase());
  }

  isDelegated(scopes: readonly string[]): boolean {
    return scopes.every((scope) => this.#delegated.has(scope));
  }

  delegate(scopes: readonly string[]): void {
    this.#delegated = new Set(scopes);
  }

  setState(address: string, state: "suspended" | "deleted"): void {
    this.#states.set(address.toLowerCase(), state);
  }

  setMail(address: string, enabled: boolean): void {
    if (enabled) this.#withoutMail.delete(address.toLowerCase());
    else this.#withoutMail.add(address.toLowerCase());
  }

  restore(address: string): void {
    this.#states.delete(address.toLowerCase());
    this.setMail(address, true);
  }
}
