import assert from "node:assert/strict";
import type { RecordProblem } from "@draftmill/shared/contract/draft-record.ts";
import { isRequestId } from "@draftmill/shared/contract/request-id.ts";
import type { TestStack } from "../support/local-stack.ts";
import { type AskedMail, bodyOf } from "./hostile-request.ts";
import { assertAsAsked, assertNamesSuspects, isForbidden } from "./judge.ts";

/** A request, the way it takes, and what stands beside it on the topic. */
export interface WireCase {
  readonly asked: AskedMail;
  readonly way: "http" | "topic";
  readonly attributes: Readonly<Record<string, string>>;
}

/** What came of a case: `refused` over HTTP, `failed` on record with its dead letter. */
export type Verdict = "draft" | "refused" | "failed";

interface SentCase extends WireCase {
  /** Of the record; null for what never came so far. */
  readonly id: string | null;
}

/** Sends cases to a running stack and judges what comes of them. */
export interface WireJudge {
  /** All at the same time, into a mailbox of their own but for those that name one. */
  judge(cases: readonly WireCase[]): Promise<void>;
  readonly counts: Readonly<Record<Verdict, number>>;
  /** Ids of the records that failed after they came over the topic, with their codes. */
  readonly failed: ReadonlyMap<string, string>;
}

export function createWireJudge(stack: TestStack): WireJudge {
  const counts: Record<Verdict, number> = { draft: 0, refused: 0, failed: 0 };
  const failed = new Map<string, string>();
  let sent = 0;
  let batches = 0;

  /** As it is, but for what must be its own: a mailbox, and a key or an id that no other case has. */
  function own({ asked, way, attributes }: WireCase): WireCase {
    sent += 1;
    const { texts } = asked;
    const mailbox = texts.mailbox || `batch-${batches}@example.com`;
    const dedupeKey = texts.dedupeKey ? `${texts.dedupeKey}${sent}` : undefined;
    const { id, dedupeKey: key, ...others } = attributes;
    return {
      asked: { ...asked, texts: { ...texts, mailbox, ...(dedupeKey === undefined ? {} : { dedupeKey }) } },
      way,
      attributes: {
        ...others,
        ...(id === undefined ? {} : { id: isRequestId(id) ? `${id.slice(0, 100)}-${sent}` : id }),
        ...(key === undefined || key === "" ? {} : { dedupeKey: `${key}${sent}` }),
      },
    };
  }

  async function publish({ asked, attributes }: WireCase): Promise<string> {
    const data = Buffer.from(JSON.stringify(bodyOf(asked))).toString("base64");
    const answer = await fetch(`${stack.pubsubUrl}/v1/projects/${stack.project}/topics/draft-requests:publish`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ messages: [{ data, attributes }] }),
    });
    const body = (await answer.json()) as { readonly messageIds?: readonly string[] };
    assert.equal(answer.status, 200, `${JSON.stringify(body)} for ${JSON.stringify(attributes)}`);
    return body.messageIds?.[0] ?? "";
  }

  /** Posts it; the id of its record, or null when it was refused for what is wrong with it. */
  async function post({ asked }: WireCase): Promise<string | null> {
    const { status, headers, body } = await stack.post("/v1/drafts", bodyOf(asked));
    if (status === 202) return body.id;
    assert.ok(status >= 400 && status < 500, `${status} ${JSON.stringify(body)}`);
    assert.match(headers.get("content-type") ?? "", /^application\/problem\+json/);
    assertBlames(body.code, body.errors, asked.suspects);
    return null;
  }

  /** Waits until the worker is done with all of the messages; the requests' ids by the messages'. */
  async function settled(messageIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const open = new Set(messageIds);
    const ids = new Map<string, string>();
    if (open.size === 0) return ids;
    await stack.logged(({ message, messageId, requestId, outcome }) => {
      if (message === "draft.settled" && outcome !== "retry" && open.delete(String(messageId))) {
        ids.set(String(messageId), String(requestId));
      }
      return open.size === 0;
    });
    return ids;
  }

  async function judgeRecord({ asked, way, attributes, id }: SentCase): Promise<Verdict> {
    if (id === null) return "refused";
    const record = await stack.settled(id);
    if (record.status === "created") {
      assert.ok(!isForbidden(asked), "a control or half a character was taken");
      const draft = stack.google.drafts(record.mailbox).find((one) => one.id === record.draftId);
      assert.ok(draft, `no draft ${record.draftId}`);
      // Gmail puts a line of its own before a message that came over its API.
      await assertAsAsked(draft.raw, asked, record.mailbox, ["received"]);
      return "draft";
    }
    const { code = "", errors = [] } = record.problem ?? {};
    if (code === "THREAD_NOT_FOUND") {
      assertNamesSuspects(errors, asked.suspects);
      failed.set(id, code);
      return "failed";
    }
    assert.equal(`${way} ${record.status}`, "topic failed", JSON.stringify(record));
    assertBlames(code, errors, [...asked.suspects, ...Object.keys(attributes)]);
    failed.set(id, code);
    return "failed";
  }

  return {
    counts,
    failed,
    async judge(given) {
      batches += 1;
      const cases = given.map(own);
      const answers = await Promise.all(cases.map((one) => (one.way === "http" ? post(one) : publish(one))));
      const ids = await settled(
        answers.filter((answer, index) => answer !== null && cases[index]?.way === "topic") as string[],
      );
      const done = cases.map((one, index): SentCase => {
        const answer = answers[index] ?? null;
        return { ...one, id: one.way === "topic" && answer !== null ? (ids.get(answer) ?? answer) : answer };
      });
      for (const verdict of await Promise.all(done.map(judgeRecord))) counts[verdict] += 1;
    },
  };
}

function assertBlames(code: string, errors: RecordProblem["errors"] & object, suspects: readonly string[]): void {
  assert.match(code, /^(REQUEST_INVALID|MAILBOX_NOT_ALLOWED)$/);
  assertNamesSuspects(errors, suspects);
}
