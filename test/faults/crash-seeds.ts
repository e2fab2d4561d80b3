import { systemClock } from "@draftmill/shared/clock.ts";
import { type DraftRecord, newDraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { fingerprint, parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import { LedgerUnavailable } from "@draftmill/shared/ledger/ledger.ts";
import { type CrashBench, until } from "./crash-bench.ts";
import type { Find } from "./crash-points.ts";
import { contentOf, mailboxOf } from "./requests.ts";

const AGAIN_AFTER_MS = 50;
const PROBLEM = { code: "GMAIL_OFF", detail: "why", retryable: true };

/** Leaves the records as a process that died has left them: due at once, and accepted. */
export async function leave(bench: CrashBench, find: Find, ids: readonly string[]): Promise<void> {
  const { stack, requests } = bench;
  for (const id of ids) requests.expect(mailboxOf(id), id);
  switch (find) {
    case "unpublished":
      await Promise.all(ids.map((id) => patiently(() => stack.store.create(unpublished(id)))));
      return;
    case "to be replayed":
      await Promise.all(ids.map((id) => patiently(() => stack.store.create(parked(id)))));
      return;
    case "failed, draft there":
      await makeDrafts(bench, ids, 1);
      await Promise.all(ids.map((id) => patiently(() => rewrite(bench, id, failedWithDraft))));
      return;
    case "draft twice":
      await makeDrafts(bench, ids, 1);
      await Promise.all(ids.map((id) => patiently(() => rewrite(bench, id, neverClaimed))));
      await makeDrafts(bench, ids, 2);
      await Promise.all(ids.map((id) => patiently(() => rewrite(bench, id, doubtful))));
      return;
    default:
      find satisfies never;
  }
}

/** By a delivery, as any draft is made. */
async function makeDrafts(bench: CrashBench, ids: readonly string[], count: number): Promise<void> {
  const { stack, requests } = bench;
  await requests.publishEach(ids);
  await until(bench, "drafts to be found", async () => {
    const records = await Promise.all(ids.map((id) => stack.ledger.get(id)));
    return ids.filter(
      (id, index) => records[index]?.state !== "created" || stack.google.drafts(mailboxOf(id)).length < count,
    );
  });
}

async function rewrite({ stack }: CrashBench, id: string, change: (record: DraftRecord) => DraftRecord): Promise<void> {
  for (;;) {
    const stored = await stack.store.get(id);
    if (stored === null) throw new Error(`${id} is not on record`);
    if ((await stack.store.cas(id, stored.revision, change(stored.record))).swapped) return;
  }
}

/**
 * An emulator that has just started may let the first calls wait for too long. Each write may be made twice. A ledger that is closed is so for
 * good: the suite is over.
 */
async function patiently(write: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await write();
      return;
    } catch (error) {
      if (!(error instanceof LedgerUnavailable) || error.reason === "closed") throw error;
    }
    await systemClock.sleep(AGAIN_AFTER_MS);
  }
}

/** Refused for good, after an attempt whose draft was made and whose answer was lost. */
function failedWithDraft(record: DraftRecord): DraftRecord {
  const draft = { draftId: null, messageId: null, threadId: null };
  const body = JSON.stringify(contentOf(record.mailbox, record.id));
  return { ...record, ...draft, body, state: "failed", tainted: true, problem: PROBLEM, dueAtMs: Date.now() };
}

function neverClaimed(record: DraftRecord): DraftRecord {
  const draft = { draftId: null, messageId: null, threadId: null };
  return { ...record, ...draft, state: "queued", tainted: false, taintedBefore: false };
}

/** Completed by an attempt that had found nothing of the one before it. */
function doubtful(record: DraftRecord): DraftRecord {
  return { ...record, taintedBefore: true, dueAtMs: Date.now() };
}

/** A replay died between its record and its publish. */
function unpublished(id: string): DraftRecord {
  return {
    ...parked(id),
    state: "queued",
    problem: null,
    generation: 1,
    note: "publish-unconfirmed",
    dueAtMs: Date.now(),
  };
}

/** For an administrator, a while ago. */
function parked(id: string): DraftRecord {
  const body = contentOf(mailboxOf(id), id);
  const parsed = parseDraftRequest(body, null);
  if (!parsed.ok) throw new Error("the request is not valid");
  const { mailbox, subject, to } = parsed.request;
  const about = { id, mailbox, subject, to: to.map(({ address }) => address), bodyHash: fingerprint(parsed.request) };
  const [batch = ""] = id.split(".");
  const record = newDraftRecord({ ...about, batch }, Date.now() - 1_000);
  return { ...record, state: "parked", problem: PROBLEM, body: JSON.stringify(body), dueAtMs: null };
}
