import { createHash } from "node:crypto";
import type {
  CreateDocumentResult,
  DocumentPage,
  DocumentStore,
  LedgerDocument,
  StoredDocument,
} from "./document-store.ts";
import type { FirestoreClient, FirestoreDocument } from "./firestore-client.ts";
import { type Fields, parseRevision, revisionOf } from "./firestore-document.ts";
import { checkLimit, cursorAt, newestFirst, parseCursor, positionOf, startAfter } from "./firestore-pages.ts";
import type { FirestoreWrites } from "./firestore-writes.ts";
import { type CasResult, LedgerUnavailable } from "./ledger.ts";

export const DOCUMENTS_COLLECTION = "documents";
const SWAPPED_FIELDS = ["value", "expireAt", "write"];

/** What the documents need of the ledger that they live in. */
export interface FirestoreHost {
  readonly client: FirestoreClient;
  readonly writes: FirestoreWrites;
  /** Bounds a call in time, and lets `close` wait for it. */
  run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  nextCreatedUs(): number;
}

/**
 * The documents of a ledger in Firestore, in one collection beside the records: the value as JSON in a field without an index,
 * `kind` and `created` for lists, `expireAt` for Firestore's time to live.
 */
export class FirestoreDocuments implements DocumentStore {
  readonly #host: FirestoreHost;

  constructor(host: FirestoreHost) {
    this.#host = host;
  }

  createDocument(kind: string, document: LedgerDocument): Promise<CreateDocumentResult> {
    const createdUs = this.#host.nextCreatedUs();
    return this.#host.run(async (signal) => {
      const fieldsOf = (write: string): Fields => ({
        ...swappedFieldsOf(document, write),
        kind: { stringValue: kind },
        id: { stringValue: document.id },
        created: { integerValue: String(createdUs) },
      });
      const name = await this.#nameOf(kind, document.id, signal);
      const hasExpired = (found: FirestoreDocument, readTime: string) => storedOf(found, readTime) === null;
      const outcome = await this.#host.writes.create(name, fieldsOf, hasExpired, signal);
      if (outcome.kind === "created") return { created: true, revision: revisionOf(outcome.updateTime, document) };
      const stored = storedOf(outcome.document, outcome.readTime);
      if (stored !== null) return { created: false, stored };
      throw new LedgerUnavailable("corrupt", "a document expired as it was read");
    });
  }

  document(kind: string, id: string): Promise<StoredDocument | null> {
    return this.#host.run(async (signal) => {
      const { document, readTime } = await this.#host.client.read(await this.#nameOf(kind, id, signal), signal);
      return document === null ? null : storedOf(document, readTime);
    });
  }

  casDocument(kind: string, revision: string, document: LedgerDocument): Promise<CasResult> {
    return this.#host.run(async (signal) => {
      const expected = parseRevision(revision);
      if (expected === null) return { swapped: false };
      const name = await this.#nameOf(kind, document.id, signal);
      const fieldsOf = (write: string): Fields => swappedFieldsOf(document, write);
      const updateTime = await this.#host.writes.swap(name, expected.updateTime, fieldsOf, SWAPPED_FIELDS, signal);
      return updateTime === null ? { swapped: false } : { swapped: true, revision: revisionOf(updateTime, document) };
    });
  }

  async documents(
    kind: string,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string },
  ): Promise<DocumentPage> {
    checkLimit(limit);
    const after = cursor === undefined ? null : parseCursor(cursor);
    return this.#host.run(async (signal) => {
      const root = await this.#host.client.root(signal);
      const query = {
        ...newestFirst(DOCUMENTS_COLLECTION, { kind }),
        ...(after === null ? {} : startAfter(`${root}/documents/${DOCUMENTS_COLLECTION}`, after)),
        limit: limit + 1,
      };
      const { documents, readTime } = await this.#host.client.query(query, signal);
      const page = documents.slice(0, limit);
      const last = page.at(-1);
      const items = page.flatMap((document) => storedOf(document, readTime)?.document ?? []);
      return { items, nextCursor: documents.length > limit && last ? cursorAt(positionOf(last)) : null };
    });
  }

  async #nameOf(kind: string, id: string, signal: AbortSignal): Promise<string> {
    const documentId = createHash("sha256").update(`${kind}\n${id}`).digest("hex");
    return `${await this.#host.client.root(signal)}/documents/${DOCUMENTS_COLLECTION}/${documentId}`;
  }
}

function swappedFieldsOf({ value, expireAtMs }: LedgerDocument, write: string): Fields {
  return {
    value: { stringValue: JSON.stringify(value) },
    expireAt: { timestampValue: new Date(expireAtMs).toISOString() },
    write: { stringValue: write },
  };
}

/** Null for a document that has expired at the time of the read. */
function storedOf({ name, fields, updateTime }: FirestoreDocument, readTime: string): StoredDocument | null {
  const nowMs = Date.parse(readTime);
  const expireAtMs = Date.parse(fields?.expireAt?.timestampValue ?? "");
  if (expireAtMs <= nowMs) return null;
  try {
    const document = {
      id: fields?.id?.stringValue ?? "",
      value: JSON.parse(fields?.value?.stringValue ?? ""),
      expireAtMs,
    };
    return { document, revision: revisionOf(updateTime ?? "", { expireAtMs }), nowMs };
  } catch {
    throw new LedgerUnavailable("corrupt", `document ${name?.split("/").at(-1)} holds no JSON`);
  }
}
