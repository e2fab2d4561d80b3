import { ATTACHMENT_SCHEMA, ATTACHMENTS_MAX } from "./attachment.ts";
import { MESSAGE_ID_MAX } from "./message-id.ts";

const ADDRESSES = {
  type: ["string", "array"],
  maxLength: 20_000,
  maxItems: 100,
  items: { type: "string", maxLength: 500 },
};

/** The most recipients of one draft, to, cc and bcc together; also the most addresses to reply to. */
export const RECIPIENTS_MAX = 100;

/** The most mails that a draft refers to. A longer thread is named by its first and its last ones. */
export const REFERENCES_MAX = 100;

const MANY = { maxItems: 1_000 };

/**
 * What is so far beyond the schema that its problems are not worth counting: telling each of a million unknown fields
 * takes a second and hundreds of megabytes.
 */
export const DRAFT_REQUEST_BOUNDS = {
  type: "object",
  maxProperties: 100,
  properties: {
    to: MANY,
    cc: MANY,
    bcc: MANY,
    replyTo: MANY,
    references: MANY,
    attachments: { ...MANY, items: { maxProperties: 100 } },
    metadata: { maxProperties: 100 },
  },
} as const;

/**
 * JSON schema of a draft request: the HTTP body, the `data` of a topic message and a row of a file are all this.
 * Addresses and characters have rules that a schema cannot say; `parseDraftRequest` adds them.
 */
export const DRAFT_REQUEST_SCHEMA = {
  $id: "draft-request",
  title: "DraftRequest",
  description: "One Gmail draft to be made.",
  type: "object",
  additionalProperties: false,
  required: ["to", "subject"],
  properties: {
    to: {
      ...ADDRESSES,
      minLength: 1,
      minItems: 1,
      description: 'One address, a comma-separated list, or an array: "Ada <ada@example.com>".',
      examples: ["Ada <ada@example.com>"],
    },
    cc: { ...ADDRESSES, description: "As `to`. To, cc and bcc hold at most 100 recipients together." },
    bcc: { ...ADDRESSES, description: "As `to`." },
    replyTo: { ...ADDRESSES, description: "Where answers go, when not to the mailbox." },
    subject: { type: "string", minLength: 1, maxLength: 1_000, description: "One line." },
    message: { type: "string", maxLength: 1_000_000, description: "The text. At least one of message and html." },
    html: { type: "string", maxLength: 2_000_000, description: "The HTML; made from `message` when absent." },
    mailbox: { type: "string", maxLength: 254, description: "Whose mailbox; default: the service's GMAIL_USER." },
    from: {
      type: "string",
      maxLength: 500,
      description:
        "The sender, when not the mailbox as it is: the mailbox with a name, or an address that its user has verified under Send mail as. Gmail decides: any other address it replaces by the mailbox's own when it saves the draft, and does not say so. Draftmill cannot look it up: the scope gmail.compose does not show the addresses.",
      examples: ["Sales <sales@corp.example>"],
    },
    attachments: {
      type: "array",
      maxItems: ATTACHMENTS_MAX,
      items: ATTACHMENT_SCHEMA,
      description:
        "Files, 20 at most, of 5,000,000 bytes together. Gmail does not send executables (https://support.google.com/mail/answer/6590); nothing here looks for them.",
    },
    threadId: {
      type: "string",
      maxLength: 100,
      description:
        "The thread of the mailbox that the draft belongs to, as the Gmail API names it. Needs `inReplyTo`, and the thread's subject, with or without Re: (https://developers.google.com/workspace/gmail/api/guides/threads).",
      examples: ["19a8f0c2d4e6b801"],
    },
    inReplyTo: {
      type: "string",
      maxLength: MESSAGE_ID_MAX,
      description: "The Message-ID header of the mail that is answered.",
      examples: ["<CAF1x@mail.gmail.com>"],
    },
    references: {
      type: ["string", "array"],
      maxLength: 60_000,
      maxItems: REFERENCES_MAX,
      items: { type: "string", maxLength: MESSAGE_ID_MAX },
      description:
        "The Message-IDs of the thread, oldest first: an array, or the References header of the mail that is answered. `inReplyTo` is added at its end when it is missing.",
    },
    dedupeKey: {
      type: "string",
      maxLength: 255,
      description: "One draft for one key and mailbox, however often and by whatever way it is asked for.",
    },
    notBefore: {
      type: "string",
      maxLength: 40,
      description:
        "The draft is made then and not before: a date and time with its offset (RFC 3339), 30 days ahead at most. When the same content comes again before, under its key, the first time stands.",
      examples: ["2026-12-01T08:00:00+01:00"],
    },
    metadata: {
      type: "object",
      maxProperties: 20,
      propertyNames: { pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$" },
      additionalProperties: { type: "string", maxLength: 500 },
      description: "Your own labels: kept on the record, never in the draft.",
    },
  },
} as const;
