import type { Clock } from "@draftmill/shared/clock.ts";
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from "fastify";
import type { Answer } from "./answer.ts";
import type { RecordedCalls } from "./call-log.ts";
import type { Fault, ScriptedFaults } from "./faults.ts";
import { googleError, Refusal } from "./google-error.ts";
import type { Scene } from "./scene.ts";

/** Everything a service may ask of this Google, by the name under which it is counted and made to fail. */
export const OPERATIONS = [
  "metadata.token",
  "metadata.identity",
  "signJwt",
  "token",
  "certs",
  "drafts.create",
  "drafts.list",
  "drafts.get",
  "drafts.update",
  "drafts.delete",
  "getProfile",
  "sendAs.list",
  "sendAs.get",
  "cloud.read",
] as const;

export type Operation = (typeof OPERATIONS)[number];

/** One operation in its two halves, between which quota and faults strike. */
export interface OperationSteps<Caller extends { readonly mailbox: string | undefined }> {
  /** Who calls, and for whom. Refuses by throwing a `Refusal`; nothing is changed yet. */
  identify(request: FastifyRequest): Caller;
  /** Does the work. */
  work(request: FastifyRequest, caller: Caller): Answer | Promise<Answer>;
}

export interface OperationParts {
  readonly clock: Clock;
  readonly calls: RecordedCalls;
  readonly faults: ScriptedFaults;
  readonly latencyMs: number;
  /** What is the same in every error body. */
  readonly scene: Omit<Scene, "nowMs">;
  /** Aborts when the server closes, so that nothing sleeps on. */
  readonly closing: AbortSignal;
}

export type OperationHandler = <Caller extends { readonly mailbox: string | undefined }>(
  operation: Operation,
  steps: OperationSteps<Caller>,
) => RouteHandlerMethod;

/** Makes the route handler of an operation: latency, identity, faults, work, answer, record. */
export function operationHandler(parts: OperationParts): OperationHandler {
  return (operation, steps) => async (request, reply) => {
    let mailbox: string | undefined;
    let answer: Answer | undefined;
    try {
      if (parts.latencyMs > 0) await parts.clock.sleep(parts.latencyMs, parts.closing);
      const caller = steps.identify(request);
      mailbox = caller.mailbox;
      const fault = parts.faults.take(operation, mailbox);
      const early = fault === undefined || fault.after === true ? undefined : await suffer(fault, mailbox);
      if (early !== undefined) {
        answer = early === "cut" ? undefined : early;
      } else {
        answer = await steps.work(request, caller);
        const late = fault?.after === true ? await suffer(fault, mailbox) : undefined;
        if (late !== undefined) answer = late === "cut" ? undefined : late;
      }
    } catch (error) {
      if (parts.closing.aborted) return cut(request, reply);
      if (!(error instanceof Refusal)) throw error;
      answer = googleError(error.refusal, sceneOf(mailbox, error.about));
    }
    parts.calls.record({ timeMs: parts.clock.nowMs(), operation, mailbox, status: answer?.status ?? 0 });
    return answer === undefined ? cut(request, reply) : send(reply, answer);
  };

  /** The answer that the fault puts in place of the true one; none where the call goes on. */
  async function suffer(fault: Fault, mailbox: string | undefined): Promise<Answer | "cut" | undefined> {
    switch (fault.kind) {
      case "answer":
        return googleError(fault.error, sceneOf(mailbox, { retryAfterMs: fault.retryAfterMs }));
      case "drop":
        return "cut";
      case "stall":
        await parts.clock.sleep(fault.ms, parts.closing);
        return undefined;
      default:
        return fault satisfies never;
    }
  }

  function sceneOf(mailbox: string | undefined, about: Partial<Scene>): Scene {
    return { ...parts.scene, nowMs: parts.clock.nowMs(), mailbox, ...about };
  }
}

/** Writes an answer as Google does: pretty JSON, charset in capitals. */
export function send(reply: FastifyReply, answer: Answer): FastifyReply {
  reply.code(answer.status).headers(answer.headers ?? {});
  if (answer.body === undefined) return reply.send();
  if (typeof answer.body === "string") return reply.type(answer.contentType ?? "text/plain").send(answer.body);
  return reply.type("application/json; charset=UTF-8").send(`${JSON.stringify(answer.body, null, 2)}\n`);
}

function cut(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack();
  request.raw.socket.destroy();
  return reply;
}
