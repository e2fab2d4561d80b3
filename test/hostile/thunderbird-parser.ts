import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { buildSync } from "esbuild";

/** One part of a mail as Thunderbird takes it apart; the first of a mail is the mail itself. */
export interface MailPart {
  readonly headers: MailHeaders;
  /** After base64 or quoted-printable. */
  readonly body: Buffer;
  /** What its Content-Disposition says; null where it has none. */
  readonly disposition: { readonly kind: string; readonly filename: string | undefined } | null;
}

interface MailHeaders {
  /** Read by the rules of the field: a list of addresses, a text, a media type with its parameters. */
  get(name: string): unknown;
  getRawHeader(name: string): readonly string[] | undefined;
  keys(): Iterable<string>;
}

interface Emitter {
  startPart(number: string, headers: MailHeaders): void;
  deliverPartData(number: string, data: Uint8Array): void;
}

/** Mozilla's parser, of which no part comes from nodemailer's authors: https://github.com/ProtonMail/jsmimeparser */
interface JsMime {
  readonly headerparser: {
    parseParameterHeader(
      value: string,
      decodes2047: boolean,
      decodes2231: boolean,
    ): ReadonlyMap<string, string> & { readonly preSemi: string };
  };
  readonly MimeParser: new (
    emitter: Emitter,
    options: object,
  ) => { deliverData(binary: string): void; deliverEOF(): void };
}

const { MimeParser, headerparser } = await loadJsMime();

/** The parts of a mail, itself first. */
export function takeApart(mime: Uint8Array): readonly MailPart[] {
  const parts = new Map<string, { readonly headers: MailHeaders; readonly chunks: Uint8Array[] }>();
  const emitter: Emitter = {
    startPart: (number, headers) => parts.set(number, { headers, chunks: [] }),
    // Bytes, not text: it decodes characters that lie across two lines of base64 to U+FFFD.
    deliverPartData: (number, data) => parts.get(number)?.chunks.push(data.slice()),
  };
  const parser = new MimeParser(emitter, {
    bodyformat: "decode",
    strformat: "typedarray",
    onerror(error: unknown) {
      throw error;
    },
  });
  parser.deliverData(Buffer.from(mime).toString("latin1"));
  parser.deliverEOF();
  return [...parts.values()].map(({ headers, chunks }) => ({
    headers,
    body: Buffer.concat(chunks),
    disposition: dispositionOf(headers),
  }));
}

/** As its own `getAttachmentName` reads it. */
function dispositionOf(headers: MailHeaders): MailPart["disposition"] {
  const [value] = headers.getRawHeader("content-disposition") ?? [];
  if (value === undefined) return null;
  const parameters = headerparser.parseParameterHeader(value, true, true);
  return { kind: parameters.preSemi.toLowerCase(), filename: parameters.get("filename") };
}

/** Its modules import each other without extensions, which only a bundler resolves. */
async function loadJsMime(): Promise<JsMime> {
  const folder = dirname(createRequire(import.meta.url).resolve("@protontech/jsmimeparser"));
  const entryPoints = [join(folder, "lib", "jsmime.js")];
  const { outputFiles } = buildSync({ entryPoints, bundle: true, format: "esm", write: false });
  const source = Buffer.from(outputFiles[0]?.contents ?? []).toString("base64");
  return (await import(`data:text/javascript;base64,${source}`)) as JsMime;
}
