import { hash } from "node:crypto";
import type { FieldProblem } from "../errors.ts";
import { ATTACHMENT_SCHEMA, type Attachment, readAttachments } from "./attachment.ts";
import { DRAFT_REQUEST_BOUNDS, DRAFT_REQUEST_SCHEMA, RECIPIENTS_MAX } from "./draft-request-schema.ts";
import { type EmailAddress, parseBareAddress, parseEmailAddress, splitAddressList } from "./email-address.ts";
import { parseDateTime } from "./not-before.ts";
import { compileOwn } from "./own-schema.ts";
import { type Reply, type ReplyFields, readReply } from "./reply.ts";
import { PROBLEMS_MAX, schemaProblems } from "./schema-problems.ts";
import { bodyTextProblem, headerTextProblem } from "./text-rules.ts";

/** A draft request that passed every rule: ready to be composed, nothing left to check. */
export interface DraftRequest extends Reply {
  readonly mailbox: string;
  /** The mailbox itself unless the request names another. */
  readonly from: EmailAddress;
  readonly to: readonly EmailAddress[];
  readonly cc: readonly EmailAddress[];
  readonly bcc: readonly EmailAddress[];
  readonly replyTo: readonly EmailAddress[];
  readonly subject: string;
  /** At least one of `message` and `html` is not empty. */
  readonly message: string;
  readonly html: string;
  readonly attachments: readonly Attachment[];
  readonly dedupeKey: string | null;
  /** When its draft may be made at the earliest; null: at once. How far ahead that may be is `tooFarAhead`'s to say. */
  readonly notBeforeMs: number | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export type ParsedDraftRequest =
  | { readonly ok: true; readonly request: DraftRequest }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

interface DraftRequestBody extends ReplyFields {
  readonly from?: string;
  readonly to: string | readonly string[];
  readonly cc?: string | readonly string[];
  readonly bcc?: string | readonly string[];
  readonly replyTo?: string | readonly string[];
  readonly subject: string;
  readonly message?: string;
  readonly html?: string;
  readonly attachments?: readonly Attachment[];
  readonly mailbox?: string;
  readonly dedupeKey?: string;
  readonly notBefore?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

const fits = compileOwn<DraftRequestBody>(DRAFT_REQUEST_SCHEMA, {
  allErrors: true,
  allowUnionTypes: true,
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: false,
});

/** Stops at the first problem. */
const isWithinBounds = compileOwn<object>(DRAFT_REQUEST_BOUNDS, { strictTypes: false });

/**
 * Reads an unknown value as a draft request. Never throws; reports every problem at once, each with a JSON pointer.
 * Empty optional fields count as absent, so that a file's empty columns need no special care.
 */
export function parseDraftRequest(value: unknown, defaultMailbox: string | null): ParsedDraftRequest {
  if (!isWithinBounds(value)) return { ok: false, problems: schemaProblems(isWithinBounds.errors, knownFields) };
  const problems: FieldProblem[] = [];
  const body = soundBody(value, problems);
  if (body === null) return { ok: false, problems };
  const request = readFields(body, defaultMailbox, problems);
  return problems.length === 0 ? { ok: true, request } : { ok: false, problems: problems.slice(0, PROBLEMS_MAX) };
}

/** Null when too much is wrong with it for anything else to be told. */
function soundBody(value: unknown, problems: FieldProblem[]): DraftRequestBody | null {
  if (fits(value)) return value;
  problems.push(...schemaProblems(fits.errors, knownFields));
  const sound = withoutFaults(value, problems);
  return fits(sound) ? sound : null;
}

const knownFields = (pointer: string): readonly string[] =>
  Object.keys((pointer === "" ? DRAFT_REQUEST_SCHEMA : ATTACHMENT_SCHEMA).properties);

/**
 * The request with its faulty fields replaced by something harmless, so that one reading tells what is wrong with the
 * others too.
 */
function withoutFaults(value: unknown, problems: readonly FieldProblem[]): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const faulty = new Set(problems.map(({ pointer }) => pointer.split("/")[1]));
  const sound = Object.entries(value).filter(([name]) => !faulty.has(name) && Object.hasOwn(HARMLESS, name));
  const replaced = Object.entries(HARMLESS).filter(([name]) => faulty.has(name));
  return Object.fromEntries([...sound, ...replaced]);
}

const HARMLESS: Readonly<Record<keyof DraftRequestBody, unknown>> = {
  to: "anybody@example.com",
  cc: [],
  bcc: [],
  replyTo: [],
  subject: "-",
  message: "-",
  html: "-",
  mailbox: "anybody@example.com",
  from: "",
  attachments: [],
  threadId: "",
  inReplyTo: "<anybody@example.com>",
  references: [],
  dedupeKey: "-",
  notBefore: "",
  metadata: {},
};

/** Reads each field of a request that fits the schema, and adds to `problems` what the schema cannot say. */
function readFields(value: DraftRequestBody, defaultMailbox: string | null, problems: FieldProblem[]): DraftRequest {
  const addresses = (field: "to" | "cc" | "bcc" | "replyTo"): readonly EmailAddress[] =>
    readAddresses(field, value[field], problems);
  const mailbox = readMailbox(value.mailbox, defaultMailbox, problems);
  const request: DraftRequest = {
    mailbox,
    from: readSender(value.from, mailbox, problems),
    to: addresses("to"),
    cc: addresses("cc"),
    bcc: addresses("bcc"),
    replyTo: addresses("replyTo"),
    subject: value.subject,
    message: value.message ?? "",
    html: value.html ?? "",
    attachments: readAttachments(value.attachments ?? [], problems),
    ...readReply(value, problems),
    dedupeKey: value.dedupeKey === undefined || value.dedupeKey === "" ? null : value.dedupeKey,
    notBeforeMs: readNotBefore(value.notBefore, problems),
    metadata: value.metadata ?? {},
  };
  checkTexts(request, problems);
  if (request.to.length === 0 && problems.every(({ pointer }) => !pointer.startsWith("/to"))) {
    problems.push({ pointer: "/to", code: "required", detail: "to names no recipient" });
  }
  if (request.replyTo.length > RECIPIENTS_MAX) {
    problems.push({
      pointer: "/replyTo",
      code: "maxRecipients",
      detail: `replyTo holds more than ${RECIPIENTS_MAX} addresses`,
    });
  }
  if (request.to.length + request.cc.length + request.bcc.length > RECIPIENTS_MAX) {
    problems.push({
      pointer: "/to",
      code: "maxRecipients",
      detail: `to, cc and bcc hold more than ${RECIPIENTS_MAX} recipients`,
    });
  }
  return request;
}

/** What makes two requests the same, as a hash. */
export function fingerprint(request: DraftRequest): string {
  return hashOf(contentOf(request));
}

/** What makes two requests the same: every field but the time, whatever the order or the spelling of empty ones. JSON. */
export function contentOf(request: DraftRequest): string {
  const { mailbox, to, cc, bcc, replyTo, subject, message, html, dedupeKey, metadata } = request;
  const labels = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  const fields = [mailbox, to, cc, bcc, replyTo, subject, message, html, dedupeKey, labels];
  // Younger than the fingerprints that ledgers hold: a request without them keeps the one that it had.
  const { from, threadId, inReplyTo, references, attachments } = request;
  const files = attachments.map(({ filename, contentType, content }) => [filename, contentType, hashOf(content)]);
  const added = [from, threadId, inReplyTo, references, files];
  const isNone = from.name === "" && from.address === mailbox && references.length === 0 && files.length === 0;
  return JSON.stringify(isNone ? fields : [...fields, ...added]);
}

/** What makes two calls the same: the request and its time. */
export function fingerprintOfCall(request: DraftRequest): string {
  return withTime(fingerprint(request), request.notBeforeMs);
}

/** A request's `fingerprintOfCall` by its `fingerprint`. */
export function withTime(content: string, notBeforeMs: number | null): string {
  return notBeforeMs === null ? content : hashOf(JSON.stringify([content, notBeforeMs]));
}

function hashOf(text: string): string {
  return hash("sha256", text, "base64url");
}

const NO_ADDRESSES: readonly EmailAddress[] = [];

function readAddresses(
  field: string,
  value: string | readonly string[] | undefined,
  problems: FieldProblem[],
): readonly EmailAddress[] {
  if (value === undefined || value === "") return NO_ADDRESSES;
  const parts = typeof value === "string" ? splitAddressList(value) : value;
  const found: EmailAddress[] = [];
  for (let index = 0; index < parts.length; index++) {
    const parsed = parseEmailAddress(parts[index] ?? "");
    if (parsed.ok) found.push(parsed.value);
    else {
      const pointer = typeof value === "string" ? `/${field}` : `/${field}/${index}`;
      const which = parts.length > 1 ? `${field}, entry ${index + 1},` : field;
      problems.push({ pointer, code: "address", detail: `${which} ${parsed.detail}` });
    }
  }
  return found;
}

function readMailbox(value: string | undefined, fallback: string | null, problems: FieldProblem[]): string {
  const given = value === undefined || value === "" ? fallback : value;
  if (given === null) {
    problems.push({
      pointer: "/mailbox",
      code: "required",
      detail: "mailbox is missing and the service has no default (GMAIL_USER)",
    });
    return "";
  }
  const parsed = parseBareAddress(given);
  if (parsed.ok) return parsed.value.toLowerCase();
  problems.push({ pointer: "/mailbox", code: "address", detail: `mailbox ${parsed.detail}` });
  return "";
}

function readSender(value: string | undefined, mailbox: string, problems: FieldProblem[]): EmailAddress {
  const own = { name: "", address: mailbox };
  if (value === undefined || value === "") return own;
  const parsed = parseEmailAddress(value);
  if (parsed.ok) {
    const { name, address } = parsed.value;
    return address.toLowerCase() === mailbox ? { name, address: mailbox } : parsed.value;
  }
  problems.push({ pointer: "/from", code: "address", detail: `from ${parsed.detail}` });
  return own;
}

function readNotBefore(value: string | undefined, problems: FieldProblem[]): number | null {
  if (value === undefined || value === "") return null;
  const ms = parseDateTime(value);
  if (ms !== null) return ms;
  const detail = "notBefore is no date and time with its offset (RFC 3339), such as 2026-12-01T08:00:00+01:00";
  problems.push({ pointer: "/notBefore", code: "dateTime", detail });
  return null;
}

function checkTexts(request: DraftRequest, problems: FieldProblem[]): void {
  const check = (pointer: string, problem: string | null): void => {
    if (problem !== null) problems.push({ pointer, code: "characters", detail: `${pointer.slice(1)} ${problem}` });
  };
  check("/subject", headerTextProblem(request.subject));
  check("/message", bodyTextProblem(request.message));
  check("/html", bodyTextProblem(request.html));
  if (request.dedupeKey !== null) check("/dedupeKey", headerTextProblem(request.dedupeKey));
  for (const [name, text] of Object.entries(request.metadata)) check(`/metadata/${name}`, bodyTextProblem(text));
  if (request.subject.trim() === "") {
    problems.push({ pointer: "/subject", code: "required", detail: "subject is blank" });
  }
  if (request.message === "" && request.html === "") {
    problems.push({ pointer: "/message", code: "required", detail: "give at least one of message and html" });
  }
}
