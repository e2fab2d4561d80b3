import MailComposer from "nodemailer/lib/mail-composer/index.js";
import type { PlainDraft } from "./draft-schema.ts";

/** The message in base64url, by nodemailer as documented (https://nodemailer.com/extras/mailcomposer/). */
export async function rawOf({ to, subject, message, mailbox }: PlainDraft): Promise<string> {
  const mime = await new MailComposer({ from: mailbox, to, subject, text: message }).compile().build();
  return mime.toString("base64url");
}
