import PostalMime, { type Address, type Attachment } from "postal-mime";
import type { StoredDraft } from "../gmail/draft-store.ts";

/** A draft as a person reads it. */
export interface DraftMail {
  readonly subject: string;
  /** Names and values in the order in which a mail client shows them; absent ones are left out. */
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  readonly text: string | undefined;
  readonly html: string | undefined;
  readonly attachments: readonly { readonly name: string; readonly type: string; readonly bytes: number }[];
  /** The X-Draftmill-Id header. */
  readonly draftmillId: string | undefined;
}

export async function readDraft(draft: StoredDraft): Promise<DraftMail> {
  const mail = await PostalMime.parse(draft.raw);
  const fields = [
    { name: "From", value: addressText(mail.from === undefined ? [] : [mail.from]) },
    { name: "To", value: addressText(mail.to) },
    { name: "Cc", value: addressText(mail.cc) },
    { name: "Bcc", value: addressText(mail.bcc) },
    { name: "Reply-To", value: addressText(mail.replyTo) },
    { name: "Date", value: mail.headers.find(({ key }) => key === "date")?.value ?? "" },
    { name: "In-Reply-To", value: mail.inReplyTo ?? "" },
  ];
  return {
    subject: mail.subject ?? "",
    fields: fields.filter(({ value }) => value !== ""),
    text: mail.text,
    html: mail.html === undefined ? undefined : withInlineImages(mail.html, mail.attachments),
    attachments: mail.attachments
      .filter((attachment) => attachment.related !== true)
      .map((attachment) => ({
        name: attachment.filename ?? "unnamed",
        type: attachment.mimeType,
        bytes: bytesOf(attachment).length,
      })),
    draftmillId: mail.headers.find(({ key }) => key === "x-draftmill-id")?.value,
  };
}

function addressText(addresses: readonly Address[] | undefined): string {
  return (addresses ?? [])
    .flatMap((address) => (address.group === undefined ? [address] : address.group))
    .map(({ name, address }) => (name === "" ? address : `${name} <${address}>`))
    .join(", ");
}

/** `cid:` references become data URIs: the frame that shows the HTML may load nothing. */
function withInlineImages(html: string, attachments: readonly Attachment[]): string {
  return html.replace(/\bcid:([^"'\s>)]+)/gi, (reference, id: string) => {
    const image = attachments.find(({ contentId }) => contentId === `<${id}>`);
    if (image === undefined || !image.mimeType.startsWith("image/")) return reference;
    return `data:${image.mimeType};base64,${bytesOf(image).toString("base64")}`;
  });
}

function bytesOf({ content }: Attachment): Buffer {
  if (typeof content === "string") return Buffer.from(content);
  return content instanceof Uint8Array ? Buffer.from(content) : Buffer.from(new Uint8Array(content));
}
