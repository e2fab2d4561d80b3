import { addressParser } from "postal-mime";
import { Refusal } from "../google-error.ts";
import { splitMessage, unfoldHeaders } from "./mime-part.ts";

// Published refusals are all of To; that Cc and Bcc are held to the same rule is an assumption.
const ADDRESS_HEADERS = ["To", "Cc", "Bcc"] as const;
// Gmail refuses `human@f` when a draft is saved (measured by others through drafts.create): a domain needs a dot.
const ADDRESS = /^[^\s@<>()[\],;:\\"]+@[^\s@<>()[\],;:\\".]+(\.[^\s@<>()[\],;:\\".]+)+$/;

/** Refuses a message whose recipients Gmail would not take. A draft without any recipient is fine: only sending needs one. */
export function assertRecipients(raw: Buffer): void {
  const headers = unfoldHeaders(splitMessage(raw).head);
  for (const name of ADDRESS_HEADERS) {
    const values = headers.filter((header) => header.name.toLowerCase() === name.toLowerCase());
    for (const { value } of values) {
      if (value === "") continue;
      const addresses = addressParser(value, { flatten: true });
      const valid = addresses.every(({ address }) => address !== undefined && ADDRESS.test(address));
      if (!valid) throw new Refusal("invalidHeader", { detail: name });
    }
  }
}

/** The bytes behind a `raw` field. Google takes both base64 alphabets, padded or not. */
export function decodeRaw(encoded: string): Buffer {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(encoded) || encoded.replace(/={1,2}$/, "").length % 4 === 1) {
    const shown = encoded.length > 100 ? `${encoded.slice(0, 100)}...` : encoded;
    throw new Refusal("invalidPayload", {
      detail: `Invalid value at 'draft.message.raw' (TYPE_BYTES), Base64 decoding failed for "${shown}"`,
    });
  }
  return Buffer.from(encoded, "base64url");
}
