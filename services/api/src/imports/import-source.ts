import type { Readable } from "node:stream";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { FastifyRequest } from "fastify";
import { csvRows } from "./csv-rows.ts";
import { FILE_BYTES_MAX, type FileRows } from "./file-row.ts";
import { type ImportOrder, parseImportOrder } from "./import-order.ts";
import { ndjsonRows } from "./ndjson-rows.ts";
import { utf8Text } from "./utf8-text.ts";

/** A file that stands still for so long is one that was cut off. */
const STANDS_STILL_MS = 30_000;

export interface ImportSource {
  readonly order: ImportOrder;
  readonly rows: FileRows;
  readonly isTable: boolean;
}

/**
 * The rows of a request to import, and what goes with them: as `multipart/form-data` with the parts `import` (JSON) and `file`, in this
 * order; or the file alone as the body, with that JSON in the query. Reads no more of the file than is asked for, and nothing more once
 * the process is to stop: the file goes on elsewhere when it comes again under its key.
 */
export async function importSource(
  request: FastifyRequest<{ Querystring: { import?: string } }>,
  stopping: AbortSignal,
): Promise<ImportSource> {
  if (!request.isMultipart()) {
    const { import: text = "{}" } = request.query;
    const type = request.headers["content-type"] ?? "";
    return sourceOf(parseImportOrder(parseJson(text)), request.body, type, stopping);
  }
  let order = parseImportOrder({});
  for await (const part of request.parts()) {
    if (part.type === "file") {
      const type =
        part.filename.endsWith(".ndjson") || part.filename.endsWith(".jsonl") ? "application/x-ndjson" : part.mimetype;
      return sourceOf(order, part.file, type, stopping);
    }
    if (part.fieldname !== "import")
      throw invalid(`there is no part ${JSON.stringify(part.fieldname.slice(0, 64))}; known are import and file`);
    order = parseImportOrder(parseJson(String(part.value)));
  }
  throw invalid("there is no part file; it comes after the part import");
}

function sourceOf(order: ImportOrder, stream: unknown, type: string, stopping: AbortSignal): ImportSource {
  const text = utf8Text(moving(stream as Readable, stopping), FILE_BYTES_MAX);
  const isTable = !/ndjson|jsonl/.test(type);
  return { order, rows: isTable ? csvRows(text) : ndjsonRows(text), isTable };
}

/** The pieces of a file, as long as they come. Leaves the stream open at its end: the answer goes the same way. */
async function* moving(stream: Readable, stopping: AbortSignal): AsyncGenerator<Buffer> {
  const pieces = stream.iterator({ destroyOnReturn: false });
  /** Ends the waiting for the next piece, if anybody waits. */
  let interrupt = (_error: DraftError): void => {};
  const timer = setTimeout(() => interrupt(new DraftError("REQUEST_INCOMPLETE")), STANDS_STILL_MS).unref();
  const stop = (): void => interrupt(new DraftError("SHUTTING_DOWN"));
  stopping.addEventListener("abort", stop);
  try {
    for (;;) {
      if (stopping.aborted) throw new DraftError("SHUTTING_DOWN");
      timer.refresh();
      const next = await new Promise<IteratorResult<Buffer>>((resolve, reject) => {
        interrupt = reject;
        pieces.next().then(resolve, reject);
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener("abort", stop);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid("the part import is not JSON");
  }
}

function invalid(reason: string): DraftError {
  return new DraftError("IMPORT_INVALID", { reason });
}
