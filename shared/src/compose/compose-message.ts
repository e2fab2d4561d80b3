import { hash } from "node:crypto";
import MailComposer from "nodemailer/lib/mail-composer";
import { type DraftRequest, fingerprint } from "../contract/draft-request.ts";
import { attachmentPart } from "./attachment-part.ts";
import { foldableName, foldableSubject } from "./foldable-header.ts";
import { htmlFromText } from "./html-from-text.ts";
import { mailAtOnce, type TextMail } from "./mail-at-once.ts";
import { textFromHtml } from "./text-from-html.ts";
import { verifyHeaders } from "./verify-headers.ts";
import { verifyParts } from "./verify-parts.ts";

export interface ComposeOptions {
  /** The request's id: it stands in X-Draftmill-Id, by which a draft is found again. */
  readonly id: string;
  /** The message's Date, milliseconds since the epoch. */
  readonly nowMs: number;
}

/**
 * The request as a complete RFC 5322 message with CRLF line ends; the same arguments give the same bytes. It always has
 * a text and an HTML part, each made from the other when only one is given: Gmail wraps the lines of a text-only draft
 * anew when a person sends it. Throws `DRAFT_REJECTED` rather than hand out a header or a part that the request did not ask for.
 */
export async function composeMessage(request: DraftRequest, { id, nowMs }: ComposeOptions): Promise<Buffer> {
  const { from, to, cc, bcc, replyTo, subject, message, html, inReplyTo, references, attachments } = request;
  // Follows from the whole content, so that no content can hold its own boundary.
  const mark = hash("sha256", `${id}\n${fingerprint(request)}`, "hex").slice(0, 32);
  const files = attachments.map(attachmentPart);
  const mail = {
    // Objects only: a string would go through nodemailer's address parser, which rejects nothing.
    from: foldableName(from),
    to: to.map(foldableName),
    cc: cc.map(foldableName),
    bcc: bcc.map(foldableName),
    replyTo: replyTo.map(foldableName),
    subject: foldableSubject(subject),
    ...(inReplyTo === null ? {} : { inReplyTo }),
    ...(references.length === 0 ? {} : { references: [...references] }),
    // An empty part would be left out by nodemailer: HTML that is one picture has a text of one empty line.
    text: withCrlf((message === "" ? textFromHtml(html) : message) || "\n"),
    html: withCrlf(html === "" ? htmlFromText(message) : html),
    headers: { "X-Draftmill-Id": id },
    date: new Date(nowMs),
    // Gmail puts one of its own in its place; this one only keeps nodemailer from inventing a host name.
    messageId: `<${mark}@draftmill.invalid>`,
    baseBoundary: mark,
  };
  const mime = (files.length === 0 ? mailAtOnce(mail) : null) ?? (await mailByNodemailer(mail, files));
  verifyHeaders(mime, request);
  verifyParts(mime, files);
  return mime;
}

/** Any mail, with files or without. */
export function mailByNodemailer(mail: TextMail, files: readonly Buffer[]): Promise<Buffer> {
  const composer = new MailComposer({
    ...mail,
    attachments: files.map((raw) => ({ raw })),
    newline: "\r\n",
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const root = composer.compile();
  root.keepBcc = true;
  return root.build();
}

function withCrlf(text: string): string {
  return text.replace(/\r\n?|\n/g, "\r\n");
}
