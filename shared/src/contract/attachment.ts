import type { FieldProblem } from "../errors.ts";
import { displayNameProblem } from "./text-rules.ts";

/** A file that goes with a draft, as it stands in the request. */
export interface Attachment {
  readonly filename: string;
  /** Lower case, with its charset where one was given: `text/csv; charset=utf-8`. */
  readonly contentType: string;
  /** Base64, checked: decoding it cannot fail. */
  readonly content: string;
}

export const ATTACHMENTS_MAX = 20;
/**
 * All files of a request together. Their base64 leaves 1.7 MB of the api's 8 MiB body to everything else; that body fits into a
 * Pub/Sub message, and into its dead letter with all its attributes (10 MB each:
 * https://cloud.google.com/pubsub/quotas#resource_limits).
 */
export const ATTACHMENTS_BYTES_MAX = 5_000_000;

export const ATTACHMENT_SCHEMA = {
  type: "object",
  additionalProperties: false,
  required: ["filename", "contentType", "content"],
  properties: {
    filename: {
      type: "string",
      minLength: 1,
      maxLength: 255,
      description: "One name without a path.",
      examples: ["offer.pdf"],
    },
    contentType: {
      type: "string",
      minLength: 1,
      maxLength: 300,
      description: "Its media type, with a charset if you like; none of message/* and multipart/*.",
      examples: ["application/pdf", "text/csv; charset=utf-8"],
    },
    // Without a length: Ajv counts characters one by one, 40 ms for 5 MB (measured). `readAttachments` looks at it first.
    content: {
      type: "string",
      contentEncoding: "base64",
      description: "The file in base64 (RFC 4648 section 4): padded, without line breaks.",
      examples: ["SGVsbG8h"],
    },
  },
} as const;

/** RFC 6838 section 4.2, two names; of the parameters the charset alone. */
const MEDIA_TYPE =
  /^([a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126})(?: {0,9}; {0,9}charset=("?)([a-z0-9][a-z0-9_.:+-]{0,39})\2)?$/i;
/** RFC 2045 section 6.4 forbids to encode these: a reader takes them apart as parts of the mail itself. */
const STRUCTURE = /^(?:message|multipart)\//i;

/** Reads the attachments of a request that fits the schema; adds to `problems` what the schema cannot say. */
export function readAttachments(given: readonly Attachment[], problems: FieldProblem[]): readonly Attachment[] {
  const bytes = given.reduce((sum, { content }) => sum + decodedLength(content), 0);
  if (bytes > ATTACHMENTS_BYTES_MAX) {
    const detail = `attachments hold ${bytes} bytes together, ${ATTACHMENTS_BYTES_MAX} at most: share larger files by a link`;
    problems.push({ pointer: "/attachments", code: "maxBytes", detail });
    // Not to be decoded, not even to say what else is wrong with them.
    return [];
  }
  return given.map(({ filename, contentType, content }, index) => {
    const check = (field: keyof Attachment, code: string, problem: string | null): void => {
      if (problem === null) return;
      const detail = `attachments, entry ${index + 1}: ${field} ${problem}`;
      problems.push({ pointer: `/attachments/${index}/${field}`, code, detail });
    };
    check("filename", "filename", filenameProblem(filename));
    check("contentType", "mediaType", mediaTypeProblem(contentType));
    check("content", "base64", base64Problem(content));
    const [, type = "", , charset] = MEDIA_TYPE.exec(contentType) ?? [];
    return {
      filename,
      contentType: `${type}${charset === undefined ? "" : `; charset=${charset}`}`.toLowerCase(),
      content,
    };
  });
}

/** How many bytes base64 stands for, without decoding it. */
export function decodedLength(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return Math.floor((base64.length / 4) * 3) - padding;
}

function filenameProblem(name: string): string | null {
  const problem = displayNameProblem(name);
  if (problem !== null) return problem;
  if (/[/\\]/.test(name)) return "holds a path separator (/ or \\): give the last part of the path";
  if (name !== name.trim()) return "begins or ends with a blank";
  return /^\.+$/.test(name) ? "is made of dots alone" : null;
}

function mediaTypeProblem(text: string): string | null {
  if (!MEDIA_TYPE.test(text)) {
    return "is not a media type of the form type/subtype or type/subtype; charset=name, such as application/pdf";
  }
  if (!STRUCTURE.test(text)) return null;
  return "is of message/* or multipart/*, which stand for parts of the mail itself: give application/octet-stream";
}

/**
 * One spelling for one file, which is what decoding and encoding it gives: a foreign letter, a line break, missing padding and
 * bits behind the last byte all show as a difference. (Five times as fast as a regular expression; measured.)
 */
function base64Problem(text: string): string | null {
  if (text === "") return "is empty: a file has at least one byte";
  if (text.length % 4 === 0 && Buffer.from(text, "base64").toString("base64") === text) return null;
  return "is not base64 as of RFC 4648 section 4: letters A-Z a-z 0-9 + /, padded with =, no line breaks (base64 -w0)";
}
