import assert from "node:assert/strict";
import { systemClock } from "@draftmill/shared/clock.ts";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { readBooks } from "../support/books.ts";
import { type Reckoning, reckon } from "../support/reckoning.ts";
import type { FaultStack } from "./fault-stack.ts";

/** A client's answer to one POST. */
export interface Posted {
  readonly status: number;
  readonly id: string;
}

/** A request that goes straight to the topic. */
export interface Published {
  readonly mailbox: string;
  readonly id: string;
}

/** What was asked of a stack, and what became of it. */
export interface Requests {
  /** A mailbox that nobody has used; its token has still to be fetched. */
  newMailbox(): string;
  /** POSTs as many requests for the mailbox as clients do that ask again, under the same key, until they are answered. */
  submit(mailbox: string, count?: number): Promise<readonly string[]>;
  /** The same, each for a mailbox of its own: no two wait for one another. */
  submitEach(count: number): Promise<readonly string[]>;
  /** POSTs these mailboxes' requests as batches of a thousand at most; the ids of each, in the order of the mailboxes. */
  submitBatches(mailboxes: readonly string[]): Promise<readonly (readonly string[])[]>;
  /** One POST, with no second try; rejects when it gets no answer. Counts as accepted when it is. */
  post(mailbox: string, key: string, subject?: string): Promise<Posted>;
  /** Publishes one request straight to the topic, under this id, as any producer may. */
  publish(mailbox: string, id: string): Promise<void>;
  /** The same, for many at once. */
  publishAll(requests: readonly Published[]): Promise<void>;
  /** Publishes one request for each id, all in one call, with these attributes besides. The mailbox is named for the id. */
  publishEach(ids: readonly string[], to?: Destination): Promise<void>;
  /** Counts as accepted from here on what came to be on record in another way. */
  expect(mailbox: string, id: string): void;
  /** Waits until each has ended; rejects, naming those that have not, after half a minute unless told otherwise. */
  ended(ids: readonly string[], withinMs?: number): Promise<readonly DraftRecord[]>;
  /** Asserts that everything accepted for the mailbox is accounted for. Its requests have ended. */
  accountOf(mailbox: string): Promise<Reckoning>;
  /** The same of everything, once Pub/Sub has nothing left for the worker. */
  account(withinMs?: number): Promise<Reckoning>;
}

export interface Destination {
  readonly topic?: "draft-requests" | "draft-requests-dead-letter";
  readonly attributes?: Readonly<Record<string, string>>;
  /** How many messages for each id; one unless given. */
  readonly copies?: number;
}

const CALL_TIMEOUT_MS = 20_000;
const ENDED_WITHIN_MS = 30_000;
const ASK_AGAIN_MS = 100;
/** Of POST /v1/batches. */
const ITEMS_MAX = 1_000;

export function createRequests(stack: FaultStack): Requests {
  /** Their mailboxes, by id. */
  const accepted = new Map<string, string>();
  let mailboxes = 0;
  let keys = 0;

  async function post(mailbox: string, key: string, subject = `Subject of ${key}`): Promise<Posted> {
    const answer = await fetch(`${stack.api.url}/v1/drafts`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify({ to: "grace@example.test", subject, message: "Text.", mailbox }),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    const { id = "" } = (await answer.json()) as { id?: string };
    if (answer.ok) accepted.set(id, mailbox);
    return { status: answer.status, id };
  }

  async function publishMessages(
    topic: string,
    messages: readonly object[],
    requests: readonly Published[],
  ): Promise<void> {
    const answer = await fetch(`${stack.pubsub().url}/v1/projects/${stack.project}/topics/${topic}:publish`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ messages }),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    assert.equal(answer.status, 200, await answer.text());
    for (const { mailbox, id } of requests) accepted.set(id, mailbox);
  }

  async function postUntilAccepted(mailbox: string, key: string): Promise<string> {
    for (;;) {
      try {
        const { status, id } = await post(mailbox, key);
        if (status < 300) return id;
        assert.equal(status, 503, `${key} was refused`);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
      }
      await systemClock.sleep(ASK_AGAIN_MS);
    }
  }

  async function submitBatch(mailboxes: readonly string[]): Promise<readonly string[]> {
    keys += 1;
    const key = `batch-${keys}`;
    const items = mailboxes.map((mailbox, n) => ({ subject: `Subject ${n} of ${key}`, mailbox }));
    const answer = await fetch(`${stack.api.url}/v1/batches`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify({ defaults: { to: "grace@example.test", message: "Text." }, items }),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    assert.equal(answer.status, 202, `${key} was refused`);
    const { results } = (await answer.json()) as { results: readonly { id: string }[] };
    for (const [n, { id }] of results.entries()) accepted.set(id, mailboxes[n] ?? "");
    return results.map(({ id }) => id);
  }

  async function ended(id: string, signal: AbortSignal): Promise<DraftRecord> {
    let last = "not on record";
    for await (const record of stack.ledger.watch(id, signal)) {
      last = `${record.state}, ${record.claims} claims, ${record.problem?.code ?? "no problem"}`;
      if (record.state !== "queued" && record.state !== "processing") return record;
    }
    throw new Error(`${id} has not ended: ${last}`);
  }

  const newMailbox = (): string => {
    mailboxes += 1;
    return `user${mailboxes}@example.com`;
  };
  const submitOne = (mailbox: string): Promise<string> => {
    keys += 1;
    return postUntilAccepted(mailbox, `key-${keys}`);
  };

  const publishAll = (requests: readonly Published[]): Promise<void> => {
    const messages = requests.map(({ mailbox, id }) => messageOf(mailbox, id));
    return publishMessages("draft-requests", messages, requests);
  };

  async function settledAccount(mailbox?: string): Promise<Reckoning> {
    const promised = [...accepted].filter((entry) => mailbox === undefined || entry[1] === mailbox).map(([id]) => id);
    const { records, drafts } = await readBooks(stack.ledger, stack.google, mailbox === undefined ? {} : { mailbox });
    const reckoning = reckon({ accepted: promised, records, drafts });
    const { lost, duplicated, unexplained } = reckoning;
    assert.deepEqual({ lost, duplicated, unexplained }, { lost: [], duplicated: [], unexplained: [] });
    assert.equal(reckoning.created + reckoning.explained, promised.length);
    return reckoning;
  }

  return {
    newMailbox,
    submit: (mailbox, count = 1) => Promise.all(Array.from({ length: count }, () => submitOne(mailbox))),
    submitEach: (count) => Promise.all(Array.from({ length: count }, () => submitOne(newMailbox()))),
    async submitBatches(mailboxes) {
      const batches: (readonly string[])[] = [];
      for (let first = 0; first < mailboxes.length; first += ITEMS_MAX) {
        batches.push(await submitBatch(mailboxes.slice(first, first + ITEMS_MAX)));
      }
      return batches;
    },
    post,
    publish: (mailbox, id) => publishAll([{ mailbox, id }]),
    publishAll,
    publishEach(ids, { topic = "draft-requests", attributes = {}, copies = 1 } = {}) {
      const requests = ids.map((id) => ({ id, mailbox: mailboxOf(id) }));
      const messages = requests.map(({ mailbox, id }) => messageOf(mailbox, id, attributes));
      const all = Array.from({ length: copies }, () => messages).flat();
      return publishMessages(topic, all, requests);
    },
    expect: (mailbox, id) => void accepted.set(id, mailbox),
    ended(ids, withinMs = ENDED_WITHIN_MS) {
      const signal = AbortSignal.timeout(withinMs);
      return Promise.all(ids.map((id) => ended(id, signal)));
    },
    accountOf: (mailbox) => settledAccount(mailbox),
    async account(withinMs = ENDED_WITHIN_MS) {
      const signal = AbortSignal.timeout(withinMs);
      await Promise.all(stack.subscriptions.map((name) => stack.pubsub().idle(name, signal)));
      return settledAccount();
    },
  };
}

/** The mailbox of a request that was published under this id by `publishEach`. */
export function mailboxOf(id: string): string {
  return `${id}@example.com`;
}

/** A request's content as JSON, as any producer may write it. */
export function contentOf(mailbox: string, id: string) {
  return { to: "grace@example.test", subject: `Subject of ${id}`, message: "Text.", mailbox };
}

function messageOf(mailbox: string, id: string, attributes: Readonly<Record<string, string>> = {}) {
  const data = Buffer.from(JSON.stringify(contentOf(mailbox, id))).toString("base64");
  return { data, attributes: { ...attributes, id } };
}

/** How long after the fault each was created; those that were created before it are left out. */
export function recoveredIn(records: readonly DraftRecord[], faultOverMs: number): readonly number[] {
  return records.map(({ updatedAtMs }) => updatedAtMs - faultOverMs).filter((tookMs) => tookMs > 0);
}
