import type { FirestoreClient, FirestoreDocument } from "./firestore-client.ts";
import { type Fields, writeOf } from "./firestore-document.ts";
import { LedgerUnavailable } from "./ledger.ts";

/** Each means that another process has replaced, or Firestore removed, an expired document meanwhile. */
const MAX_CREATE_ROUNDS = 4;

/** `found`: a document is there that has not expired. */
export type CreateOutcome =
  | { readonly kind: "created"; readonly updateTime: string }
  | { readonly kind: "found"; readonly document: FirestoreDocument; readonly readTime: string };

/**
 * Writes one document under a precondition. A write whose answer was lost is sent again by the client, and known here by
 * its `write` field if it happened the first time.
 */
export class FirestoreWrites {
  readonly #client: FirestoreClient;
  readonly #newWriteId: () => string;

  constructor(client: FirestoreClient, newWriteId: () => string) {
    this.#client = client;
    this.#newWriteId = newWriteId;
  }

  /** Takes the place of a document that has expired. */
  async create(
    name: string,
    fieldsOf: (writeId: string) => Fields,
    hasExpired: (document: FirestoreDocument, readTime: string) => boolean,
    signal: AbortSignal,
  ): Promise<CreateOutcome> {
    const writeId = this.#newWriteId();
    const update = { name, fields: fieldsOf(writeId) };
    let currentDocument: { exists: boolean } | { updateTime: string } = { exists: false };
    for (let rounds = 0; rounds < MAX_CREATE_ROUNDS; rounds++) {
      const committed = await this.#client.commit({ update, currentDocument }, signal);
      if (committed.kind === "written") return { kind: "created", updateTime: committed.updateTime };
      const { document, readTime } = await this.#client.read(name, signal);
      if (document === null) {
        currentDocument = { exists: false };
        continue;
      }
      const updateTime = document.updateTime ?? "";
      if (writeOf(document) === writeId) return { kind: "created", updateTime };
      if (!hasExpired(document, readTime)) return { kind: "found", document, readTime };
      currentDocument = { updateTime };
    }
    throw new LedgerUnavailable("contended", `${MAX_CREATE_ROUNDS} creates lost in a row`);
  }

  /** Replaces the named fields if nobody has written since; null if somebody has. Otherwise the new updateTime. */
  async swap(
    name: string,
    updateTime: string,
    fieldsOf: (writeId: string) => Fields,
    fieldPaths: readonly string[],
    signal: AbortSignal,
  ): Promise<string | null> {
    const writeId = this.#newWriteId();
    const committed = await this.#client.commit(
      {
        update: { name, fields: fieldsOf(writeId) },
        updateMask: { fieldPaths: [...fieldPaths] },
        currentDocument: { updateTime },
      },
      signal,
    );
    if (committed.kind === "written") return committed.updateTime;
    if (!committed.inDoubt) return null;
    const { document } = await this.#client.read(name, signal);
    return document !== null && writeOf(document) === writeId ? (document.updateTime ?? "") : null;
  }
}
