import { DraftError } from "@draftmill/shared/errors.ts";

/** The text of a file's bytes, piece by piece. Throws IMPORT_UNREADABLE where they are not UTF-8: no name must reach a draft mangled. */
export async function* utf8Text(bytes: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let length = 0;
  for await (const piece of bytes) {
    length += piece.length;
    if (length > maxBytes) throw new DraftError("BODY_TOO_LARGE");
    yield decoded(() => decoder.decode(piece, { stream: true }));
  }
  yield decoded(() => decoder.decode());
}

function decoded(decode: () => string): string {
  try {
    return decode();
  } catch {
    throw new DraftError("IMPORT_UNREADABLE", {
      reason: "the file is not UTF-8; in Excel: Save as > CSV UTF-8 (Comma delimited)",
    });
  }
}
