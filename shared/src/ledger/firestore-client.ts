import { firestore, type firestore_v1 } from "googleapis/build/src/apis/firestore/index.js";
import type { Clock } from "../clock.ts";
import { untilAborted, withDeadline } from "../deadline.ts";
import { openPooledFetch } from "../http/pooled-fetch.ts";
import type { FirestoreAccess } from "./firestore-access.ts";
import { type FirestoreFailure, readFirestoreFailure, refusal, unavailable } from "./firestore-error.ts";
import { LedgerUnavailable } from "./ledger.ts";

export type FirestoreDocument = firestore_v1.Schema$Document;
export type FirestoreQuery = firestore_v1.Schema$StructuredQuery;
export type FirestoreWrite = firestore_v1.Schema$Write;

/** `refused`: the precondition does not hold. `inDoubt`: an earlier try may have been what broke it. */
export type Committed =
  | { readonly kind: "written"; readonly updateTime: string }
  | { readonly kind: "refused"; readonly inDoubt: boolean };

export interface FirestoreClientOptions {
  readonly access: FirestoreAccess;
  /** "(default)" or the name that it was made with. */
  readonly database: string;
  readonly clock: Clock;
  /** 0 to 1, for pauses. */
  readonly random: () => number;
  /** What carries the requests; default: connections of its own. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/** One answer that takes longer is taken for lost; the next try has a connection of its own. */
const TRY_TIMEOUT_MS = 4_000;
const MAX_TRIES = 3;
const FIRST_PAUSE_MS = 100;

type Documents = firestore_v1.Resource$Projects$Databases$Documents;
/** How a method of the client library is to be called. */
interface CallOptions {
  readonly headers: Headers;
  readonly rootUrl: string;
  readonly signal: AbortSignal;
  /** What may be repeated is decided here. */
  readonly retry: false;
  readonly redirect: "manual";
  readonly fetchImplementation: typeof globalThis.fetch;
}

/**
 * The methods of Firestore's REST interface that the ledger uses, each tried up to three times until the caller's signal
 * aborts. Throws nothing but `LedgerUnavailable`, without a cause. A write must be safe to repeat: it carries a
 * precondition that its own success breaks.
 */
export class FirestoreClient {
  readonly #documents: Documents = firestore("v1").projects.databases.documents;
  readonly #access: FirestoreAccess;
  readonly #database: string;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #fetch: typeof globalThis.fetch;

  constructor({ access, database, clock, random, fetch }: FirestoreClientOptions) {
    this.#access = access;
    this.#database = database;
    this.#clock = clock;
    this.#random = random;
    this.#fetch = fetch ?? openPooledFetch({ timeoutMs: TRY_TIMEOUT_MS });
  }

  /** The full name of the database. */
  async root(signal: AbortSignal): Promise<string> {
    const project = await this.#identified(signal, () => this.#access.project());
    return `projects/${project}/databases/${this.#database}`;
  }

  async commit(write: FirestoreWrite, signal: AbortSignal): Promise<Committed> {
    const database = await this.root(signal);
    let inDoubt = false;
    const answer = await this.#call<firestore_v1.Schema$CommitResponse | null>("commit", signal, {
      send: (options) => this.#documents.commit({ database, requestBody: { writes: [write] } }, options),
      recover(failure) {
        if (failure.status !== null && BROKEN_PRECONDITIONS.has(failure.status)) return null;
        inDoubt ||= failure.mayHaveHappened;
        return undefined;
      },
    });
    if (answer === null) return { kind: "refused", inDoubt };
    const updateTime = answer.writeResults?.[0]?.updateTime;
    if (!updateTime) throw new LedgerUnavailable("corrupt", "Firestore, commit: the answer has no updateTime");
    return { kind: "written", updateTime };
  }

  /**
   * One document, null if there is none, and the server's time of the read. Not documents.get, whose answer lacks that
   * time (https://cloud.google.com/firestore/docs/reference/rest/v1/projects.databases.documents/get).
   */
  async read(name: string, signal: AbortSignal): Promise<{ document: FirestoreDocument | null; readTime: string }> {
    const database = await this.root(signal);
    const answer = await this.#call("batchGet", signal, {
      send: (options) => this.#documents.batchGet({ database, requestBody: { documents: [name] } }, options),
    });
    const [result] = elementsOf("batchGet", answer);
    return { document: result?.found ?? null, readTime: timeOf("batchGet", result?.readTime) };
  }

  async query(
    structuredQuery: FirestoreQuery,
    signal: AbortSignal,
  ): Promise<{ documents: readonly FirestoreDocument[]; readTime: string }> {
    const parent = `${await this.root(signal)}/documents`;
    const answer = await this.#call("runQuery", signal, {
      send: (options) => this.#documents.runQuery({ parent, requestBody: { structuredQuery } }, options),
    });
    const results = elementsOf("runQuery", answer);
    return {
      documents: results.flatMap(({ document }) => document ?? []),
      readTime: timeOf("runQuery", results.at(-1)?.readTime),
    };
  }

  /** How many documents a query has, by the server's own reckoning: no document is read. */
  async count(structuredQuery: FirestoreQuery, signal: AbortSignal): Promise<number> {
    const parent = `${await this.root(signal)}/documents`;
    const structuredAggregationQuery = { structuredQuery, aggregations: [{ alias: "n", count: {} }] };
    const answer = await this.#call("runAggregationQuery", signal, {
      send: (options) =>
        this.#documents.runAggregationQuery({ parent, requestBody: { structuredAggregationQuery } }, options),
    });
    const [result] = elementsOf("runAggregationQuery", answer);
    const count = Number(result?.result?.aggregateFields?.n?.integerValue ?? Number.NaN);
    if (Number.isInteger(count)) return count;
    throw new LedgerUnavailable("corrupt", "Firestore, runAggregationQuery: the answer has no count");
  }

  async #call<T>(
    operation: string,
    signal: AbortSignal,
    {
      send,
      recover = () => undefined,
    }: {
      readonly send: (options: CallOptions) => Promise<{ readonly data: T }>;
      /** What the answer is in spite of a failure; undefined where that says nothing. */
      readonly recover?: (failure: FirestoreFailure) => T | undefined;
    },
  ): Promise<T> {
    for (let tries = 1; ; tries++) {
      const headers = await this.#identified(signal, () => this.#access.headers());
      try {
        const { data } = await withDeadline(TRY_TIMEOUT_MS, signal, (trySignal) =>
          send({
            headers,
            rootUrl: this.#access.origin,
            signal: trySignal,
            retry: false,
            redirect: "manual",
            fetchImplementation: this.#fetch,
          }),
        );
        return data;
      } catch (error) {
        const failure = readFirestoreFailure(error);
        const recovered = recover(failure);
        if (recovered !== undefined) return recovered;
        if (failure.isUnauthenticated) this.#access.forget();
        if (!failure.isTransient || tries === MAX_TRIES || signal.aborted) throw unavailable(operation, failure);
        // Half of the pause is chance, so that processes that failed together do not come back together.
        const pauseMs = FIRST_PAUSE_MS * 4 ** (tries - 1) * (0.5 + this.#random() / 2);
        await this.#clock.sleep(pauseMs, signal).catch(() => {
          throw unavailable(operation, failure);
        });
      }
    }
  }

  /** The library takes no signal here, and its errors are the token endpoint's, not Firestore's. */
  async #identified<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
    try {
      return await untilAborted(ask(), signal);
    } catch (error) {
      throw new LedgerUnavailable("io", `credentials for Firestore: ${readFirestoreFailure(error).reason}`);
    }
  }
}

/** Of a write: another document is there, another version of it, none. */
const BROKEN_PRECONDITIONS: ReadonlySet<string> = new Set(["ALREADY_EXISTS", "FAILED_PRECONDITION", "NOT_FOUND"]);

/**
 * What a method that streams answered: over REST an array, which the client's types do not say. An error that came after
 * the first element is the last one.
 */
function elementsOf<T>(operation: string, data: T): readonly T[] {
  const elements: readonly T[] = Array.isArray(data) ? data : [data];
  const last = elements.at(-1);
  if (typeof last === "object" && last !== null && "error" in last) throw unavailable(operation, refusal(500, last));
  return elements;
}

function timeOf(operation: string, time: string | null | undefined): string {
  if (time) return time;
  throw new LedgerUnavailable("corrupt", `Firestore, ${operation}: the answer has no readTime`);
}
