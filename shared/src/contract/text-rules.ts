// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is this file's job
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above, but a body has lines and tabs
const CONTROL_IN_BODY = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;
/** Marks that change the order in which text is read: in a name they make one address look like another. */
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/**
 * RFC 2047: what a mail program shows decoded. The composer passes such text on as it is, so what it decodes to would
 * go past every check of names and subjects. The beginning of one is enough: Thunderbird decodes it without a charset, and
 * Python's library across blanks and question marks.
 */
const ENCODED_WORD = /=\?[^?]*\?[bq]\?/i;

/** What keeps `text` from being one header line, or null. */
export function headerTextProblem(text: string): string | null {
  if (!text.isWellFormed()) return "holds half a surrogate pair, which is not a character";
  if (CONTROL.test(text)) return "holds a control character or a line break";
  if (ENCODED_WORD.test(text)) return "holds an encoded word (=?…?=): write the characters themselves";
  return null;
}

/** What keeps `text` from being a name beside an address, or null. */
export function displayNameProblem(text: string): string | null {
  return headerTextProblem(text) ?? (BIDI.test(text) ? "holds a mark that changes the reading direction" : null);
}

/** What keeps `text` from being a body (lines and tabs are welcome), or null. */
export function bodyTextProblem(text: string): string | null {
  if (!text.isWellFormed()) return "holds half a surrogate pair, which is not a character";
  if (CONTROL_IN_BODY.test(text)) return "holds a control character other than tab and line break";
  return null;
}
