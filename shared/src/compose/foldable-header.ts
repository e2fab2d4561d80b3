import { encodeWord } from "nodemailer/lib/mime-funcs";
import type { EmailAddress } from "../contract/email-address.ts";

/** nodemailer breaks lines at white space, after 76 characters if it can. A longer run of spaces would fill a line alone. */
const SPACES_MAX = 60;
/** RFC 5322 2.1.1: no line may have more than 998 characters. */
const WORD_MAX = 900;
const ENCODED_WORD_MAX = 52;

/**
 * The subject in a form that can be broken into lines without one that is too long or blank, which RFC 5322 3.2.2 forbids:
 * what reads the header carelessly takes a blank line for its end. Spaces at either end stay, too.
 */
export function foldableSubject(subject: string): string {
  // nodemailer encodes the whole of such a one by itself.
  if (/[\u0080-\uffff]/.test(subject)) return subject;
  const words = subject.split(" ");
  const isFoldable = words.every((word) => word.length <= WORD_MAX) && !subject.includes(" ".repeat(SPACES_MAX));
  const isTrimmed = words[0] !== "" && words.at(-1) !== "";
  return isFoldable && isTrimmed ? subject : encodeWord(subject, "Q", ENCODED_WORD_MAX);
}

/** The same for a name: there, one space says as much as many. Its length needs no care: a name has 200 characters at most. */
export function foldableName({ name, address }: EmailAddress): EmailAddress {
  return { name: name.replaceAll(/ {2,}/g, " "), address };
}
