import assert from "node:assert/strict";
import { composeMessage } from "@draftmill/shared/compose/compose-message.ts";
import { parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import { type AskedMail, bodyOf } from "./hostile-request.ts";
import { assertAsAsked, assertNamesSuspects, isForbidden } from "./judge.ts";

export const MAILBOX = "rep@corp.example";

/** Holds the request's mail against what it asks for, or its refusal against what it is suspected of. */
export async function judgeInProcess(asked: AskedMail): Promise<"composed" | "refused"> {
  const parsed = parseDraftRequest(bodyOf(asked), MAILBOX);
  if (!parsed.ok) {
    assertNamesSuspects(parsed.problems, asked.suspects);
    return "refused";
  }
  assert.ok(!isForbidden(asked), "a control or half a character was taken");
  const mime = await composeMessage(parsed.request, { id: "d-1", nowMs: 0 });
  await assertAsAsked(mime, asked, parsed.request.mailbox);
  return "composed";
}
