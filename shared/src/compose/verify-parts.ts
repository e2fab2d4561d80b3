import { DraftError } from "../errors.ts";

/**
 * The last look below the header: the mail is a text, its HTML and the attachments as they were composed, byte for byte and in
 * this order, and nothing else. What got in shows as a part too many or as one that is not among them.
 */
export function verifyParts(mime: Buffer, attachments: readonly Buffer[]): void {
  const [texts, ...files] = attachments.length === 0 ? [mime] : sectionsOf(mime, "mixed");
  const isWhole = files.length === attachments.length && attachments.every((part, at) => files[at]?.equals(part));
  if (!isWhole) throw refused();
  const [plain, html, ...more] = texts === undefined ? [] : sectionsOf(texts, "alternative");
  if (!isText(plain, "plain") || !isText(html, "html") || more.length > 0) throw refused();
}

/** What stands between the boundaries of a multipart that has nothing before the first and behind the last. */
function sectionsOf(entity: Buffer, subtype: "mixed" | "alternative"): readonly Buffer[] {
  const header = headerOf(entity);
  const [, found, boundary] = /^Content-Type: multipart\/(\w+);\s+boundary="([^"\r\n]+)"$/m.exec(header) ?? [];
  const delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
  const sections: Buffer[] = [];
  // The blank line behind the header is the first delimiter's own line break.
  let at = entity.indexOf(delimiter);
  if (found !== subtype || at !== header.length + 2) throw refused();
  for (;;) {
    const opened = at + delimiter.length;
    if (entity.toString("latin1", opened, opened + 2) === "--") break;
    at = entity.indexOf(delimiter, opened);
    if (at === -1 || entity.toString("latin1", opened, opened + 2) !== "\r\n") throw refused();
    sections.push(entity.subarray(opened + 2, at));
  }
  if (entity.toString("latin1", at + delimiter.length).trimEnd() !== "--") throw refused();
  return sections;
}

function isText(section: Buffer | undefined, subtype: "plain" | "html"): boolean {
  if (section === undefined) return false;
  const [type, encoding, ...more] = headerOf(section).split("\r\n");
  return (
    type === `Content-Type: text/${subtype}; charset=utf-8` &&
    /^Content-Transfer-Encoding: (?:7bit|quoted-printable|base64)$/.test(encoding ?? "") &&
    more.length === 0
  );
}

function headerOf(entity: Buffer): string {
  const end = entity.indexOf("\r\n\r\n");
  return entity.toString("latin1", 0, Math.max(end, 0));
}

function refused(): DraftError {
  return new DraftError("DRAFT_REJECTED", {
    reason: "The composed mail does not have the parts that the request calls for",
  });
}
