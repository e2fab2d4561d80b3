import { Readable } from "node:stream";
import { type Memory, withMeasuredApi } from "./measured-api.ts";

const ROWS_AT_ONCE = 20;

export interface ImportMemory extends Memory {
  readonly rows: number;
  readonly fileBytes: number;
}

/** A file to import: how many rows, each with a text of how many characters. */
export interface FileShape {
  readonly rows: number;
  readonly textLength: number;
}

const WARM_UP = { rows: 200, textLength: 500 };

/** Has an api of its own read files of these shapes, one after the other, and looks at its memory all the while. */
export function importMemory(shapes: readonly FileShape[]): Promise<readonly ImportMemory[]> {
  return withMeasuredApi(async (api) => {
    await importFile(api.url, WARM_UP);
    await api.settle();
    const memories: ImportMemory[] = [];
    for (const shape of shapes) {
      const { result: fileBytes, ...memory } = await api.measure(() => importFile(api.url, shape));
      memories.push({ rows: shape.rows, fileBytes, ...memory });
    }
    return memories;
  });
}

/** Sends a file as it is made; resolves with how long it was. */
async function importFile(apiUrl: string, { rows, textLength }: FileShape): Promise<number> {
  let bytes = 0;
  const text = "Lorem ipsum dolor sit amet. ".repeat(Math.ceil(textLength / 28)).slice(0, textLength);
  const lines = function* (): Generator<Buffer> {
    yield Buffer.from("to,subject,message,mailbox\n");
    for (let first = 0; first < rows; first += ROWS_AT_ONCE) {
      const count = Math.min(ROWS_AT_ONCE, rows - first);
      const piece = Array.from({ length: count }, (_, n) => rowOf(first + n, text)).join("");
      bytes += piece.length;
      yield Buffer.from(piece);
    }
  };
  const answer = await fetch(`${apiUrl}/v1/imports`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: Readable.toWeb(Readable.from(lines())) as ReadableStream<Uint8Array>,
    duplex: "half",
  });
  const report: { accepted?: number } = Object(await answer.json());
  if (answer.status !== 202 || report.accepted !== rows) throw new Error(`not imported: ${JSON.stringify(report)}`);
  return bytes;
}

function rowOf(n: number, text: string): string {
  return `p${n}@prospects.example,Offer ${n},${text},m${n % 20}@example.com\n`;
}
