import { createHash, randomUUID } from "node:crypto";
import type { viewReport } from "../../imports/import-view.ts";
import type { Client, StreamedBody } from "../client.ts";
import { plainText } from "../plain-text.ts";
import { bar, percent } from "../progress/bar.ts";
import { liveLines } from "../progress/live-lines.ts";
import type { Terminal } from "../terminal.ts";
import type { ImportOrderBody } from "./import-options.ts";
import type { SourceFile } from "./source-file.ts";

/** What the service says that an import did, or would do. */
export type ImportReportView = ReturnType<typeof viewReport>;

/** The service works a file off as it comes, a thousand rows at a time: longer than this neither it nor the answer stands still. */
const STANDS_STILL_MS = 120_000;

/** Sends a file to be imported, with what has been sent so far on stderr. Repeated with the same key, it goes on where it was cut off. */
export async function sendFile(
  client: Client,
  { file, order, dryRun, key }: { file: SourceFile; order: ImportOrderBody; dryRun: boolean; key?: string },
  terminal: Terminal,
): Promise<ImportReportView> {
  const live = liveLines(terminal.stderr, terminal);
  const verb = dryRun ? "Checking" : "Queueing";
  const show = (sent: number): void => {
    const line = `${verb} ${plainText(file.name)}: ${percent(sent, file.bytes)} of ${sizeOf(file.bytes)} sent`;
    void live.show([`${bar(sent, file.bytes, 20)} ${line}`], line).catch(() => {});
  };
  try {
    return await client.call<ImportReportView>({
      operation: "importFile",
      query: { dryRun },
      ...(key === undefined ? {} : { key }),
      stream: () => importBody(file, order, show),
    });
  } finally {
    await live.end(false).catch(() => {});
  }
}

/** The order, then the file: `multipart/form-data` (RFC 7578), as the route wants it. */
export function importBody(file: SourceFile, order: ImportOrderBody, onSent: (bytes: number) => void): StreamedBody {
  const boundary = `draftmill-${randomUUID()}`;
  const { signal, moved } = patience(STANDS_STILL_MS);
  const type = file.format === "csv" ? "text/csv" : "application/x-ndjson";
  async function* body(): AsyncGenerator<Uint8Array> {
    let sent = 0;
    yield Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="import"\r\n\r\n${JSON.stringify(order)}\r\n` +
        `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="rows.${file.format}"\r\nContent-Type: ${type}\r\n\r\n`,
    );
    for await (const piece of file.read()) {
      yield piece;
      sent += piece.length;
      moved();
      onSent(sent);
    }
    yield Buffer.from(`\r\n--${boundary}--\r\n`);
  }
  return { type: `multipart/form-data; boundary=${boundary}`, body: body(), patience: signal };
}

/** The key of a file: the same file with the same order is the same import, whoever repeats it. */
export async function keyOf(file: SourceFile, order: ImportOrderBody): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([order, file.format]));
  for await (const piece of file.read()) hash.update(piece);
  return `file-${hash.digest("base64url")}`;
}

function patience(ms: number): { readonly signal: AbortSignal; moved(): void } {
  const controller = new AbortController();
  const end = (): void => controller.abort(new DOMException("nothing moved for too long", "TimeoutError"));
  const timer = setTimeout(end, ms).unref();
  return { signal: controller.signal, moved: () => void timer.refresh() };
}

function sizeOf(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
