/** A row of a file as it was read, before it is a request. */
export interface FileRow {
  /** Counted from 1, as a person counts them; a CSV's header line is not a row. */
  readonly row: number;
  /** By column; a CSV's values are texts. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Why it cannot be read, instead of values. */
  readonly fault: string | null;
  /** The values as the file has them, where that is JSON. */
  readonly json?: string;
}

/** In their order, as many at a time as were there: to wait for each costs as much as to read it. */
export type FileRows = AsyncGenerator<readonly FileRow[]>;

/** More rows are not taken from one file. */
export const ROWS_MAX = 100_000;

/** 100,000 rows of two kilobytes. */
export const FILE_BYTES_MAX = 200_000_000;
