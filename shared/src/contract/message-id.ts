import { headerTextProblem } from "./text-rules.ts";

/** RFC 5322 3.6.4 in ASCII, with dots wherever senders put them; no blanks, no comments, no quotes. */
const MESSAGE_ID = /^<[a-z0-9!#$%&'*+/=?^_`{|}~.-]+@(?:[a-z0-9!#$%&'*+/=?^_`{|}~.-]+|\[[a-z0-9.:-]+\])>$/i;
/** Far below the 998 characters of a header's line, in which one must fit. */
export const MESSAGE_ID_MAX = 500;

/** What keeps `text` from being the Message-ID of another mail, or null. */
export function messageIdProblem(text: string): string | null {
  const problem = headerTextProblem(text);
  if (problem !== null) return problem;
  if (text.length > MESSAGE_ID_MAX) return `is longer than ${MESSAGE_ID_MAX} characters`;
  return MESSAGE_ID.test(text)
    ? null
    : "is not a Message-ID of the form <id@host>: copy the header of the mail that is answered";
}
