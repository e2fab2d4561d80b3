import { decodeWords } from "postal-mime";

export interface MessageHeader {
  readonly name: string;
  /** Unfolded; encoded words (RFC 2047) decoded. */
  readonly value: string;
}

/** One node of a message's MIME tree. */
export interface MimePart {
  readonly headers: readonly MessageHeader[];
  /** Lower case, without parameters; text/plain where the header is missing. */
  readonly mimeType: string;
  readonly charset: string;
  readonly filename: string;
  readonly attachment: boolean;
  /** Decoded from its transfer encoding; empty for a multipart. */
  readonly content: Buffer;
  readonly parts: readonly MimePart[];
}

const DEEPEST = 20;

/** Reads a message (RFC 5322, RFC 2045) into its tree. Never fails: what is broken is read as text, as Gmail does. */
export function parseMime(raw: Buffer, depth = 0): MimePart {
  const { head, body } = splitMessage(raw);
  const headers = parseHeaders(head);
  const contentType = headerValue(headers, "content-type") ?? "text/plain";
  const disposition = headerValue(headers, "content-disposition") ?? "";
  const mimeType = (contentType.split(";")[0] ?? "").trim().toLowerCase() || "text/plain";
  const boundary = mimeType.startsWith("multipart/") ? parameter(contentType, "boundary") : undefined;
  const common = {
    headers,
    mimeType,
    charset: parameter(contentType, "charset") ?? "utf-8",
    filename: parameter(disposition, "filename") ?? parameter(contentType, "name") ?? "",
    attachment: disposition.trim().toLowerCase().startsWith("attachment"),
  };
  if (boundary !== undefined && depth < DEEPEST) {
    const parts = splitParts(body, boundary).map((part) => parseMime(part, depth + 1));
    return { ...common, content: Buffer.alloc(0), parts };
  }
  const content = decodeTransfer(body, headerValue(headers, "content-transfer-encoding"));
  return { ...common, content, parts: [] };
}

/** The header block with its last line's end, and all behind the empty line. */
export function splitMessage(raw: Buffer): { readonly head: Buffer; readonly body: Buffer } {
  if (raw.indexOf("\r\n") === 0) return { head: Buffer.alloc(0), body: raw.subarray(2) };
  const end = raw.indexOf("\r\n\r\n");
  return end === -1
    ? { head: raw, body: Buffer.alloc(0) }
    : { head: raw.subarray(0, end + 2), body: raw.subarray(end + 4) };
}

/** Headers in document order, duplicates included. */
export function parseHeaders(head: Buffer): MessageHeader[] {
  return unfoldHeaders(head).map(({ name, value }) => ({ name, value: decodeWords(value) }));
}

/** The same as it is on the wire but for its folds: what an encoded word hides is not to be taken for the header's own commas. */
export function unfoldHeaders(head: Buffer): MessageHeader[] {
  return head
    .toString("utf8")
    .replace(/\r\n[ \t]+/g, " ")
    .split("\r\n")
    .flatMap((line) => {
      const colon = line.indexOf(":");
      if (colon < 1) return [];
      return [{ name: line.slice(0, colon).trimEnd(), value: line.slice(colon + 1).trim() }];
    });
}

/** The first header of that name, whatever its case. */
export function headerValue(headers: readonly MessageHeader[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  return headers.find((header) => header.name.toLowerCase() === wanted)?.value;
}

/** The pieces between the delimiters of a multipart body (RFC 2046 section 5.1.1), without preamble and epilogue. */
export function splitParts(body: Buffer, boundary: string): Buffer[] {
  // latin1 keeps every byte; the first delimiter may stand at the very start, without a line end of its own.
  const text = `\r\n${body.toString("latin1")}`;
  const delimiter = new RegExp(
    `\\r\\n--${boundary.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}(--)?[ \\t]*(?:\\r\\n|$)`,
    "g",
  );
  const parts: Buffer[] = [];
  let start: number | undefined;
  for (let match = delimiter.exec(text); match !== null; match = delimiter.exec(text)) {
    if (start !== undefined) parts.push(Buffer.from(text.slice(start, Math.max(start, match.index)), "latin1"));
    start = delimiter.lastIndex;
    if (match[1] !== undefined) return parts;
    // The line end of one delimiter may begin the next: an empty part.
    if (match[0].endsWith("\r\n")) delimiter.lastIndex -= 2;
  }
  // Without its closing delimiter the last part reaches to the end.
  if (start !== undefined) parts.push(Buffer.from(text.slice(start), "latin1"));
  return parts;
}

/** A parameter of a structured header, also in its RFC 2231 form, in which nodemailer writes file names. */
export function parameter(header: string, name: string): string | undefined {
  const plain = new RegExp(`;\\s*${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]+))`, "i").exec(header);
  if (plain !== null) return plain[1]?.replace(/\\(.)/g, "$1") ?? plain[2];
  const pieces = [...header.matchAll(new RegExp(`;\\s*${name}\\*(?:\\d+\\*?)?=\\s*"?([^;"]*)"?`, "gi"))].map(
    (match) => match[1]?.trim() ?? "",
  );
  if (pieces.length === 0) return undefined;
  const joined = pieces.join("").replace(/^[\w-]*'[\w-]*'/, "");
  try {
    return decodeURIComponent(joined);
  } catch {
    return joined;
  }
}

/** A text part's content as characters. */
export function partText(part: MimePart): string {
  try {
    return new TextDecoder(part.charset).decode(part.content);
  } catch {
    return part.content.toString("latin1");
  }
}

/** Takes away what ends a line of quoted-printable: blanks that came underway, and breaks that are not the text's. */
function joinSoftLines(text: string): string {
  const lines = text.split("\r\n");
  const last = lines.pop() ?? "";
  const joined = lines.map((line) => {
    const kept = withoutBlanksAtEnd(line);
    return kept.endsWith("=") ? kept.slice(0, -1) : `${kept}\r\n`;
  });
  return joined.join("") + last;
}

/** A pattern for it takes the square of the number of blanks. */
function withoutBlanksAtEnd(line: string): string {
  let end = line.length;
  while (line[end - 1] === " " || line[end - 1] === "\t") end -= 1;
  return line.slice(0, end);
}

function decodeTransfer(body: Buffer, encoding: string | undefined): Buffer {
  switch (encoding?.trim().toLowerCase()) {
    case "base64":
      return Buffer.from(body.toString("latin1"), "base64");
    case "quoted-printable":
      return Buffer.from(
        joinSoftLines(body.toString("latin1")).replace(/=([0-9A-Fa-f]{2})/g, (_escape, hex: string) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        ),
        "latin1",
      );
    default:
      return body;
  }
}
