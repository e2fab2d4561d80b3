import type { DocumentStore, StoredDocument } from "./document-store.ts";
import { LedgerUnavailable } from "./ledger.ts";

const MAX_RACES = 8;

/** How one kind of document is kept. */
export interface DocumentKind<T extends object> {
  readonly name: string;
  /** Reads what was stored; throws when it is not of this kind. */
  parse(value: unknown): T;
  idOf(value: T): string;
  expireAtMsOf(value: T): number;
}

/** The documents of one kind, typed. Every method may throw `LedgerUnavailable`. */
export class Documents<T extends object> {
  readonly #store: DocumentStore;
  readonly #kind: DocumentKind<T>;

  constructor(store: DocumentStore, kind: DocumentKind<T>) {
    this.#store = store;
    this.#kind = kind;
  }

  async get(id: string): Promise<T | null> {
    const stored = await this.#store.document(this.#kind.name, id);
    return stored === null ? null : this.#read(stored);
  }

  /** Null once it is written; otherwise what is there under its id. */
  async create(value: T): Promise<T | null> {
    const result = await this.#store.createDocument(this.#kind.name, this.#documentOf(value));
    return result.created ? null : this.#read(result.stored);
  }

  /**
   * Writes what `change` makes of the document, again and again until no other writer came in between. `change` returns
   * null to leave it as it is, and decides from its arguments alone.
   * @returns the document as it is now; null when there is none
   */
  async update(id: string, change: (value: T, nowMs: number) => T | null): Promise<T | null> {
    for (let races = 0; races < MAX_RACES; races++) {
      const stored = await this.#store.document(this.#kind.name, id);
      if (stored === null) return null;
      const value = this.#read(stored);
      const changed = change(value, stored.nowMs);
      if (changed === null) return value;
      const result = await this.#store.casDocument(this.#kind.name, stored.revision, this.#documentOf(changed));
      if (result.swapped) return changed;
    }
    throw new LedgerUnavailable("contended", `${MAX_RACES} writes lost in a row`);
  }

  /** Newest first. */
  async list(limit: number, cursor?: string): Promise<{ items: readonly T[]; nextCursor: string | null }> {
    const at = cursor === undefined ? {} : { cursor };
    const { items, nextCursor } = await this.#store.documents(this.#kind.name, { limit, ...at });
    return { items: items.map(({ value }) => this.#kind.parse(value)), nextCursor };
  }

  #read({ document }: StoredDocument): T {
    return this.#kind.parse(document.value);
  }

  #documentOf(value: T) {
    return { id: this.#kind.idOf(value), value, expireAtMs: this.#kind.expireAtMsOf(value) };
  }
}
