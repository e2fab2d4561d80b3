import type { CasResult } from "./ledger.ts";

/**
 * What a driver keeps beside the records: JSON objects of a few kinds (idempotency keys, incidents, replays, parts of bodies). The
 * promises of `Ledger` hold for them too: atomic, durable, read your writes, bounded, one error, expiry.
 */
export interface DocumentStore {
  /** Writes a document if there is none of its kind and id; otherwise answers with what is there. */
  createDocument(kind: string, document: LedgerDocument): Promise<CreateDocumentResult>;
  document(kind: string, id: string): Promise<StoredDocument | null>;
  /** Replaces a document if nobody has written it since `revision` was read. Never brings an absent one back. */
  casDocument(kind: string, revision: string, document: LedgerDocument): Promise<CasResult>;
  /** Those of a kind, newest first by their creation. @throws CursorInvalid */
  documents(kind: string, page: { readonly limit: number; readonly cursor?: string }): Promise<DocumentPage>;
}

export interface LedgerDocument {
  /** 1 to 200 visible ASCII characters. */
  readonly id: string;
  /** Up to 1,000,000 bytes as JSON. */
  readonly value: object;
  readonly expireAtMs: number;
}

export interface StoredDocument {
  readonly document: LedgerDocument;
  readonly revision: string;
  /** The store's clock at the read, in milliseconds since the epoch. */
  readonly nowMs: number;
}

export type CreateDocumentResult =
  | { readonly created: true; readonly revision: string }
  | { readonly created: false; readonly stored: StoredDocument };

export interface DocumentPage {
  readonly items: readonly LedgerDocument[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}
