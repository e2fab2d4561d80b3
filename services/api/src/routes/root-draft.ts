import { DraftError } from "@draftmill/shared/errors.ts";
import type { FastifyInstance } from "fastify";
import { acceptDraft, answerFailed, answerUnfinished, type WaitDeps } from "../accept-draft.ts";
import type { SubmitDeps } from "../submit-draft.ts";

/** Callers of the function that this service replaces hold the line about as long as it used to take at worst. */
const WAIT_SECONDS = 30;

/** POST /: the draft's id in the answer, as the function that this service replaces gave it. */
export function registerRootDraft(app: FastifyInstance, deps: SubmitDeps & WaitDeps): void {
  app.post("/", async (request, reply) => {
    const record = await acceptDraft(deps, request, reply, WAIT_SECONDS);
    switch (record.state) {
      case "created":
        return { status: "ok", draft_id: record.draftId };
      case "failed":
      case "parked":
      case "dead":
        return answerFailed(reply, record);
      case "queued":
      case "processing":
        return answerUnfinished(reply, record);
      case "canceled":
        throw new DraftError("DRAFT_CANCELED", { facts: { id: record.id } });
      default:
        return record.state satisfies never;
    }
  });
}
