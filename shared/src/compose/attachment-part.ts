import type { Attachment } from "../contract/attachment.ts";

/** RFC 2045 section 6.8. */
const LINE_LENGTH = 76;
/** A value of a parameter that leaves room for its name on a line of 76 characters. */
const VALUE_LENGTH = 56;
/** A name that every program reads alike when it stands in quotes. */
const PLAIN_NAME = /^[\w.()+,@~-]+(?: [\w.()+,@~-]+)*$/;

/**
 * A file as a part of the mail: its whole header and its base64, which is the request's own with line breaks. Not left to
 * nodemailer 10.6, which folds a long name within a run of blanks, so that readers lose some of them (measured).
 */
export function attachmentPart({ filename, contentType, content }: Attachment): Buffer {
  const header = [
    `Content-Type: ${contentType}`,
    "Content-Transfer-Encoding: base64",
    ["Content-Disposition: attachment", ...filenameParameters(filename)].join(";\r\n "),
    "\r\n",
  ].join("\r\n");
  const base64 = Buffer.from(content, "latin1");
  const breaks = Math.ceil(base64.length / LINE_LENGTH) - 1;
  const part = Buffer.alloc(header.length + base64.length + 2 * breaks);
  let at = part.write(header, "latin1");
  for (let from = 0; from < base64.length; from += LINE_LENGTH) {
    if (from > 0) at += part.write("\r\n", at, "latin1");
    at += base64.copy(part, at, from, from + LINE_LENGTH);
  }
  return part;
}

/** RFC 2231 sections 3 and 4: in pieces where it is long, each a line of its own that ends between two characters. */
function filenameParameters(filename: string): readonly string[] {
  if (filename.length <= VALUE_LENGTH && PLAIN_NAME.test(filename)) return [`filename="${filename}"`];
  const pieces = ["UTF-8''"];
  for (const character of filename) {
    const escaped = percentEncoded(character);
    const piece = pieces.at(-1) ?? "";
    if (piece.length + escaped.length > VALUE_LENGTH) pieces.push(escaped);
    else pieces[pieces.length - 1] = piece + escaped;
  }
  const [only = "", ...more] = pieces;
  return more.length === 0 ? [`filename*=${only}`] : pieces.map((piece, index) => `filename*${index}*=${piece}`);
}

/** `encodeURIComponent` leaves five characters that RFC 2231 wants escaped. */
function percentEncoded(character: string): string {
  return /[!'()*]/.test(character)
    ? `%${character.charCodeAt(0).toString(16).toUpperCase()}`
    : encodeURIComponent(character);
}
