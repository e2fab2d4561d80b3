import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";

/** A draft in a mailbox, by what it was marked with. */
export interface FoundDraft {
  readonly mailbox: string;
  readonly draftId: string;
  /** Its X-Draftmill-Id; null for a draft of somebody else. */
  readonly requestId: string | null;
}

/** What is there once everything has come to rest. */
export interface Books {
  /** Ids of the requests that were accepted. */
  readonly accepted: readonly string[];
  readonly records: readonly DraftRecord[];
  readonly drafts: readonly FoundDraft[];
  /** Ids of the requests that lie on the dead-letter topic; left out where nobody has looked. */
  readonly deadLetters?: ReadonlySet<string>;
}

export interface Reckoning {
  readonly accepted: number;
  readonly created: number;
  /** Failures with a code and their body, or their dead letter. */
  readonly explained: number;
  /** Requests of which nothing tells what became of them. */
  readonly lost: readonly string[];
  /** Requests with more than one draft. */
  readonly duplicated: readonly string[];
  /** Whatever else does not add up, in words. */
  readonly unexplained: readonly string[];
}

/** Accepted = drafts + explained failures, no duplicate, no row or draft that nobody can explain. */
export function reckon({ accepted, records, drafts, deadLetters }: Books): Reckoning {
  const recordOf = new Map(records.map((record) => [record.id, record]));
  const draftsOf = Map.groupBy(drafts, ({ requestId }) => requestId);
  const lost: string[] = [];
  const unexplained: string[] = [];
  // Of all requests on record: one whose caller got no answer may come to nothing, but not to two drafts.
  const duplicated = [...draftsOf].flatMap(([id, made]) => (id !== null && made.length > 1 ? [id] : []));
  let created = 0;
  let explained = 0;
  for (const id of new Set(accepted)) {
    const record = recordOf.get(id);
    const made = draftsOf.get(id) ?? [];
    if (record === undefined) {
      lost.push(id);
      continue;
    }
    switch (record.state) {
      case "created":
        created += 1;
        if (made.length === 0) lost.push(id);
        else if (made.every(({ draftId }) => draftId !== record.draftId)) {
          unexplained.push(`${id}: its record names another draft than the one that is there`);
        }
        break;
      case "failed":
      case "parked":
      case "dead": {
        const isKept = record.body !== null || (deadLetters?.has(id) ?? false);
        if (made.length > 0) unexplained.push(`${id}: ${record.state}, and its draft is there`);
        else if (record.problem === null || !isKept) lost.push(id);
        else explained += 1;
        break;
      }
      case "queued":
      case "processing":
        lost.push(id);
        break;
      case "canceled":
        unexplained.push(`${id}: canceled by nobody`);
        break;
      default:
        record.state satisfies never;
    }
  }
  for (const id of draftsOf.keys()) {
    if (id !== null && !recordOf.has(id)) unexplained.push(`${id}: a draft without a record`);
  }
  return { accepted: new Set(accepted).size, created, explained, lost, duplicated, unexplained };
}
