import type { DraftEntry, StoredDraft } from "./draft-store.ts";
import {
  headerValue,
  type MessageHeader,
  type MimePart,
  parseHeaders,
  parseMime,
  partText,
  splitMessage,
} from "./mime-part.ts";

/** https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts#Draft */
export interface DraftResource {
  readonly id: string;
  readonly message: MessageResource;
}

/** https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages#Message */
export interface MessageResource {
  readonly id: string;
  readonly threadId: string;
  readonly labelIds?: string[];
  readonly snippet?: string;
  readonly sizeEstimate?: number;
  readonly historyId?: string;
  /** Milliseconds since the epoch. */
  readonly internalDate?: string;
  readonly payload?: PayloadResource;
  /** base64url. */
  readonly raw?: string;
}

export interface PayloadResource {
  readonly partId?: string;
  readonly mimeType: string;
  readonly filename?: string;
  readonly headers: { name: string; value: string }[];
  readonly body?: { readonly size: number; readonly data?: string; readonly attachmentId?: string };
  readonly parts?: PayloadResource[];
}

export const DRAFT_FORMATS = ["full", "metadata", "minimal", "raw"] as const;
export type DraftFormat = (typeof DRAFT_FORMATS)[number];

/** What create and update answer: ids, and no more. */
export function createdDraft(draft: DraftEntry): DraftResource {
  return { id: draft.id, message: { ...listedDraft(draft).message, labelIds: ["DRAFT"] } };
}

/** A draft as a list shows it. */
export function listedDraft(draft: DraftEntry): DraftResource {
  return { id: draft.id, message: { id: draft.messageId, threadId: draft.threadId } };
}

/** A draft as drafts.get answers it in one of the four formats. */
export function draftResource(draft: StoredDraft, format: DraftFormat): DraftResource {
  const message = {
    ...createdDraft(draft).message,
    snippet: escaped(snippetOf(draft.raw)),
    sizeEstimate: draft.raw.length,
    historyId: String(draft.revision),
    internalDate: String(draft.updatedAtMs),
  };
  switch (format) {
    case "minimal":
      return { id: draft.id, message };
    case "raw":
      return { id: draft.id, message: { ...message, raw: draft.raw.toString("base64url") } };
    case "metadata":
      return { id: draft.id, message: { ...message, payload: headersOnly(draft) } };
    case "full":
      return { id: draft.id, message: { ...message, payload: payloadOf(parseMime(draft.raw), "") } };
    default:
      return format satisfies never;
  }
}

/** The headers of a draft, decoded, in document order. */
export function draftHeaders(draft: StoredDraft): readonly MessageHeader[] {
  return parseHeaders(splitMessage(draft.raw).head);
}

function headersOnly(draft: StoredDraft): PayloadResource {
  const headers = draftHeaders(draft);
  const mimeType = (headerValue(headers, "content-type")?.split(";")[0] ?? "text/plain").trim().toLowerCase();
  return { mimeType, headers: headers.map(({ name, value }) => ({ name, value })) };
}

function payloadOf(part: MimePart, partId: string): PayloadResource {
  return {
    partId,
    mimeType: part.mimeType,
    filename: part.filename,
    headers: part.headers.map(({ name, value }) => ({ name, value })),
    body: bodyOf(part, partId),
    ...(part.parts.length === 0
      ? {}
      : {
          parts: part.parts.map((child, index) => payloadOf(child, partId === "" ? `${index}` : `${partId}.${index}`)),
        }),
  };
}

function bodyOf(part: MimePart, partId: string): { size: number; data?: string; attachmentId?: string } {
  const size = part.content.length;
  if (part.parts.length > 0 || size === 0) return { size };
  // A named part is fetched apart, by users.messages.attachments.get, which gmail.compose does not allow.
  if (part.filename !== "") return { attachmentId: `ANGjdJ8-${partId || "0"}`, size };
  return { size, data: part.content.toString("base64url") };
}

const SNIPPET_LENGTH = 200;

// Texts come before files, which are not worth decoding for it.
const SNIPPET_FROM_BYTES = 256 * 1024;

/** The beginning of a message's text, white space folded, unescaped. */
export function snippetOf(raw: Buffer): string {
  const text = leafText(parseMime(raw.subarray(0, SNIPPET_FROM_BYTES)))
    .replace(/\s+/g, " ")
    .trim();
  return [...text].slice(0, SNIPPET_LENGTH).join("");
}

/** Gmail answers a snippet as HTML text. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** The plain text, or the HTML without its tags. */
function leafText(part: MimePart): string {
  const leaves = leavesOf(part).filter((leaf) => !leaf.attachment);
  const plain = leaves.find((leaf) => leaf.mimeType === "text/plain");
  if (plain !== undefined) return partText(plain);
  const html = leaves.find((leaf) => leaf.mimeType === "text/html");
  return html === undefined ? "" : withoutTags(partText(html));
}

/** One pass from left to right: a pattern for it takes the square of the number of open tags. */
function withoutTags(html: string): string {
  const pieces: string[] = [];
  const hidden = /<(style|script)\b/iy;
  const unclosed = new Set<string>();
  let at = 0;
  for (let open = html.indexOf("<"); open !== -1; open = html.indexOf("<", at)) {
    hidden.lastIndex = open;
    const name = hidden.exec(html)?.[1]?.toLowerCase();
    const tagEnd = html.indexOf(">", open) + 1;
    if (tagEnd === 0) break;
    const end = name === undefined || unclosed.has(name) ? 0 : endOfElement(html, tagEnd, name);
    if (end === 0 && name !== undefined) unclosed.add(name);
    pieces.push(html.slice(at, open));
    at = Math.max(end, tagEnd);
  }
  pieces.push(html.slice(at));
  return pieces.join(" ");
}

/** Where the element closes; 0 if it does not. */
function endOfElement(html: string, from: number, name: string): number {
  const close = new RegExp(`</${name}>`, "gi");
  close.lastIndex = from;
  return close.test(html) ? close.lastIndex : 0;
}

function leavesOf(part: MimePart): readonly MimePart[] {
  return part.parts.length === 0 ? [part] : part.parts.flatMap(leavesOf);
}
