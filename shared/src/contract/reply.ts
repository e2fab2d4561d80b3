import type { FieldProblem } from "../errors.ts";
import { REFERENCES_MAX } from "./draft-request-schema.ts";
import { messageIdProblem } from "./message-id.ts";

/** What makes a draft an answer; nothing of it in one that is none. */
export interface Reply {
  readonly threadId: string | null;
  readonly inReplyTo: string | null;
  /** Oldest first; with `inReplyTo` in it. */
  readonly references: readonly string[];
}

export interface ReplyFields {
  readonly threadId?: string;
  readonly inReplyTo?: string;
  readonly references?: string | readonly string[];
}

/** Ids are 64 bits in hexadecimal. What does not read as one Gmail answers with "Invalid thread_id value". */
const THREAD_ID = /^[0-9a-f]{1,16}$/;

/** Reads the three fields of a request that fits the schema; adds to `problems` what the schema cannot say. */
export function readReply(fields: ReplyFields, problems: FieldProblem[]): Reply {
  const threadId = fields.threadId || null;
  const inReplyTo = fields.inReplyTo || null;
  if (threadId !== null) checkThread(threadId, inReplyTo, problems);
  const checked = (pointer: string, id: string, which: string): string => {
    const problem = messageIdProblem(id);
    if (problem !== null) problems.push({ pointer, code: "messageId", detail: `${which} ${problem}` });
    return id;
  };
  if (inReplyTo !== null) checked("/inReplyTo", inReplyTo, "inReplyTo");
  const { references: given = [] } = fields;
  const listed = typeof given === "string" ? given.split(/[ \t]+/).filter((id) => id !== "") : given;
  const references = listed.map((id, index) =>
    checked(typeof given === "string" ? "/references" : `/references/${index}`, id, `references, entry ${index + 1},`),
  );
  if (references.length > REFERENCES_MAX) {
    const detail = `references holds more than ${REFERENCES_MAX} Message-IDs: leave out some in the middle`;
    problems.push({ pointer: "/references", code: "maxItems", detail });
  }
  // RFC 5322 section 3.6.4: those of the mail that is answered, and then its own.
  const isComplete = inReplyTo === null || references.includes(inReplyTo);
  return { threadId, inReplyTo, references: isComplete ? references : [...references, inReplyTo] };
}

/** https://developers.google.com/workspace/gmail/api/guides/threads: what a draft needs to be shown in a thread. */
function checkThread(threadId: string, inReplyTo: string | null, problems: FieldProblem[]): void {
  if (!THREAD_ID.test(threadId)) {
    const detail =
      "threadId is not of the form 19a8f0c2d4e6b801: take it from the Gmail API, not from the address bar of Gmail, which has another";
    problems.push({ pointer: "/threadId", code: "threadId", detail });
  }
  if (inReplyTo === null) {
    const detail =
      "threadId needs inReplyTo: Gmail shows a draft in its thread only when it says which mail it answers";
    problems.push({ pointer: "/inReplyTo", code: "required", detail });
  }
}
