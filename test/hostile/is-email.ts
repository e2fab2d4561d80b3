import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** An address of Dominic Sayers' is_email set, and what that makes of it: ERR, DEPREC, CFWS, RFC5322, RFC5321, DNSWARN or VALID_CATEGORY. */
export interface SampleAddress {
  readonly text: string;
  readonly category: string;
}

/** The set's version 3.04, 164 addresses, as the package email-addresses brings it along for its own tests. */
export function readIsEmailSet(): readonly SampleAddress[] {
  const folder = dirname(dirname(createRequire(import.meta.url).resolve("email-addresses")));
  const xml = readFileSync(join(folder, "test", "tests.xml"), "utf8");
  return [...xml.matchAll(/<test id="\d+">([\s\S]*?)<\/test>/g)].map(([, body = ""]) => ({
    text: textIn(body, "address"),
    category: textIn(body, "category").replace("ISEMAIL_", ""),
  }));
}

function textIn(xml: string, element: string): string {
  const raw = xml.slice(xml.indexOf(`<${element}>`) + element.length + 2, xml.indexOf(`</${element}>`));
  const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  const text = raw.replaceAll(/&#x([0-9a-f]+);|&(\w+);/gi, (_, hex: string | undefined, name = "") =>
    hex === undefined ? (named[name] ?? "") : String.fromCodePoint(Number.parseInt(hex, 16)),
  );
  // It writes a control character as its picture, which stands 0x2400 further on.
  return text.replaceAll(/[\u2400-\u247f]/g, (picture) => String.fromCharCode(picture.charCodeAt(0) - 0x2400));
}
