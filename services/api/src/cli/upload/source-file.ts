import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { CliError } from "../cli-error.ts";
import type { Terminal } from "../terminal.ts";

export const FILE_FORMATS = ["csv", "ndjson"] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** A file that can be read more than once, from its start, and in pieces. */
export interface SourceFile {
  readonly name: string;
  readonly bytes: number;
  readonly format: FileFormat;
  read(): AsyncIterable<Buffer>;
  /** Removes what was kept of stdin. */
  remove(): Promise<void>;
}

/** Pieces of this size are all that is in memory of a file. */
const PIECE_BYTES = 64 * 1_024;

/**
 * Opens a file, or stdin for `-`: that can be read once only, and is kept in a file that only this user can read until the command ends.
 * What it holds is told by its name's end, or its first character.
 */
export async function openSource(
  path: string,
  format: FileFormat | undefined,
  terminal: Terminal,
): Promise<SourceFile> {
  if (path !== "-") return sourceAt(path, basename(path), format, async () => {});
  const folder = await mkdtemp(join(tmpdir(), "draftmill-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const kept = join(folder, "stdin");
    await pipeline(terminal.stdin, createWriteStream(kept, { mode: 0o600 }), { signal: terminal.signal });
    return await sourceAt(kept, "stdin", format, remove);
  } catch (error) {
    await remove();
    terminal.signal.throwIfAborted();
    throw error;
  }
}

async function sourceAt(
  path: string,
  name: string,
  format: FileFormat | undefined,
  remove: () => Promise<void>,
): Promise<SourceFile> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`${path} cannot be read: ${error.code === "ENOENT" ? "there is no such file" : error.message}`);
  });
  if (found.isDirectory()) throw new CliError(`${path} is a folder`);
  if (found.size === 0) throw new CliError(`${name} is empty`);
  return {
    name,
    bytes: found.size,
    format: format ?? (await formatOf(path)),
    read: () => createReadStream(path, { highWaterMark: PIECE_BYTES }),
    remove,
  };
}

async function formatOf(path: string): Promise<FileFormat> {
  if (/\.(ndjson|jsonl|json)$/i.test(path)) return "ndjson";
  if (/\.(csv|tsv|txt)$/i.test(path)) return "csv";
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
    return /^[\s\ufeff]*\{/.test(buffer.toString("utf8", 0, bytesRead)) ? "ndjson" : "csv";
  } finally {
    await file.close();
  }
}
