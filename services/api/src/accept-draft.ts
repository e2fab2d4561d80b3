import type { Clock } from "@draftmill/shared/clock.ts";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { Logger } from "@draftmill/shared/log.ts";
import type { FastifyReply, FastifyRequest } from "fastify";
import { awaitOutcome } from "./await-outcome.ts";
import { parsePrefer, preferenceApplied, secondsToWait } from "./prefer.ts";
import { problemOfRecord, sendProblem } from "./problem.ts";
import { readTraceparent } from "./request-event.ts";
import { type SubmitDeps, submitDraft } from "./submit-draft.ts";

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

export interface WaitDeps {
  readonly ledger: DraftLedger;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborts when the service begins to stop: nobody is kept waiting then. */
  readonly stopping: AbortSignal;
}

/**
 * What both POST routes do before they word their answer: submit the draft, then wait for its outcome as the caller
 * prefers, or else `fallbackSeconds`. Resolves with the record as last seen; from here on the draft is promised.
 */
export async function acceptDraft(
  deps: SubmitDeps & WaitDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  fallbackSeconds: number,
): Promise<DraftRecord> {
  const { record, replayed } = await submitDraft(deps, {
    body: request.body,
    access: request.access,
    route: `${request.method} ${request.routeOptions.url}`,
    idempotencyKey: readIdempotencyKey(request.headers["idempotency-key"]),
    traceparent: readTraceparent(request.headers.traceparent),
  });
  // The wait may be long, and what waits for nothing but an outcome needs no files.
  request.body = undefined;
  request.event.id = record.id;
  request.event.replayed = replayed;
  if (replayed) reply.header("idempotency-replayed", "true");
  return waitAsPreferred(deps, request, reply, record, fallbackSeconds);
}

function isAhead({ notBeforeMs, state }: DraftRecord, nowMs: number): boolean {
  return notBeforeMs !== null && notBeforeMs > nowMs && state === "queued";
}

/** Waits for the record to settle as the Prefer header says, unless it has to wait for its time first. A ledger that fails meanwhile ends the wait, no more. */
export async function waitAsPreferred(
  { ledger, clock, stopping, log }: WaitDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  record: DraftRecord,
  fallbackSeconds: number,
): Promise<DraftRecord> {
  // Nobody waits for what is not even begun.
  if (isAhead(record, clock.nowMs())) return record;
  const preferences = parsePrefer(request.headers.prefer);
  const applied = preferenceApplied(preferences);
  if (applied !== null) reply.header("preference-applied", applied);
  const waitMs = secondsToWait(preferences, fallbackSeconds) * 1000;
  // Most calls wait for nothing, and a signal made of two costs what the rest of such a call does not.
  if (waitMs === 0) return record;
  const callerGone = new AbortController();
  const abandon = (): void => callerGone.abort();
  reply.raw.once("close", abandon);
  try {
    const signal = AbortSignal.any([stopping, callerGone.signal]);
    return await awaitOutcome(ledger, clock, record, waitMs, signal);
  } catch (error) {
    log.warn({ requestId: request.id, id: record.id, err: error }, "wait.failed");
    return record;
  } finally {
    reply.raw.off("close", abandon);
  }
}

/** The answer to a request that was accepted and waited for; how a draft that exists is told is the route's affair. */
export function answerAccepted(
  reply: FastifyReply,
  record: DraftRecord,
  answerCreated: (record: DraftRecord) => unknown,
): unknown {
  switch (record.state) {
    case "created":
      return answerCreated(record);
    case "queued":
    case "processing":
      return answerUnfinished(reply, record);
    case "failed":
    case "parked":
    case "dead":
      return answerFailed(reply, record);
    case "canceled":
      throw new DraftError("DRAFT_CANCELED", { facts: { id: record.id } });
    default:
      return record.state satisfies never;
  }
}

/** 202 and where to ask later. */
function answerUnfinished(reply: FastifyReply, { id, state }: DraftRecord): FastifyReply {
  return reply.code(202).header("location", `/v1/drafts/${id}`).send({ id, status: state });
}

/** The failure of an accepted request, as the answer to the call that waited for it or came again with its key. */
function answerFailed(reply: FastifyReply, { id, problem }: DraftRecord): FastifyReply {
  const known = problem ?? { code: "INTERNAL", detail: "The ledger gives no reason.", retryable: true };
  return sendProblem(reply, problemOfRecord(id, known, reply.request.id));
}

export function readIdempotencyKey(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  if (typeof header === "string" && IDEMPOTENCY_KEY.test(header)) return header;
  const detail = "Idempotency-Key must be 1 to 255 visible ASCII characters, without spaces";
  throw new DraftError("HEADER_INVALID", {
    reason: detail,
    fields: [{ pointer: "/headers/idempotency-key", code: "pattern", detail }],
  });
}
