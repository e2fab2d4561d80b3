import type { FastifyInstance } from "fastify";
import { acceptDraft, answerAccepted, type WaitDeps } from "../accept-draft.ts";
import type { SubmitDeps } from "../submit-draft.ts";

/** Callers of the function that this service replaces hold the line about as long as it used to take at worst. */
const WAIT_SECONDS = 30;

/** POST /: the draft's id in the answer, as the function that this service replaces gave it. */
export function registerRootDraft(app: FastifyInstance, deps: SubmitDeps & WaitDeps): void {
  app.post("/", { config: { needs: "submit" } }, async (request, reply) => {
    const record = await acceptDraft(deps, request, reply, WAIT_SECONDS);
    return answerAccepted(reply, record, ({ draftId }) => ({ status: "ok", draft_id: draftId }));
  });
}
