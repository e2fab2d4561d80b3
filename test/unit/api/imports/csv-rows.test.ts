import assert from "node:assert/strict";
import { test } from "node:test";
import { csvRows } from "@draftmill/api/imports/csv-rows.ts";
import { ndjsonRows } from "@draftmill/api/imports/ndjson-rows.ts";
import { utf8Text } from "@draftmill/api/imports/utf8-text.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import fc from "fast-check";

async function* pieces(text: string | Buffer, size = 7): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text as string);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all<T>(rows: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const read: T[] = [];
  for await (const some of rows) read.push(...some);
  return read;
}

const table = async (text: string | Buffer, size?: number) => all(csvRows(utf8Text(pieces(text, size), 1_000_000)));
const lines = async (text: string, size?: number) => all(ndjsonRows(utf8Text(pieces(text, size), 1_000_000)));

test("whatever a cell holds and however the file is cut in pieces, the rows are those that were written", async () => {
  const cell = fc.string({ unit: fc.constantFrom("a", "ü", "€", "😀", ",", ";", '"', "\n", " ") });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(cell, cell), { minLength: 1 }),
      fc.integer({ min: 1, max: 40 }),
      async (rows, size) => {
        const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
        const text = ["a,b", ...rows.map((row) => row.map(quoted).join(","))].join("\r\n");
        const read = await table(text, size);
        assert.deepEqual(
          read.map(({ values }) => [values.a, values.b]),
          rows.map((row) => [...row]),
        );
      },
    ),
    { numRuns: 200 },
  );
});

test("the header decides on the delimiter, a byte order mark is none of it, blank lines are no rows", async () => {
  assert.deepEqual(await table("\ufeffa;b\n\n1,5;2\n"), [{ row: 1, values: { a: "1,5", b: "2" }, fault: null }]);
  assert.deepEqual(await table("a\tb, c\r\n1\t2"), [{ row: 1, values: { a: "1", "b, c": "2" }, fault: null }]);
  assert.deepEqual(await table("only\nx"), [{ row: 1, values: { only: "x" }, fault: null }]);
  assert.deepEqual(await table(""), []);
});

test("a row of another length is at fault, and the others are not", async () => {
  const rows = await table("a,b\n1,2\n3\n4,5,6\n7,8");
  assert.deepEqual(
    rows.map(({ fault }) => fault),
    [null, "it has 1 cells, and the header 2", "it has 3 cells, and the header 2", null],
  );
});

for (const [what, text, reason] of [
  ["a quote within a cell", 'a,b\n1,2\nx"y,2\n', /cannot be read on from line 3: INVALID_OPENING_QUOTE/],
  ["a column without a name", "a,\n1,2", /has no name/],
  ["bytes that are not UTF-8", Buffer.from("a,b\nGr\xfc\xdfe,2", "latin1"), /not UTF-8/],
] as const) {
  test(`${what} ends the reading`, async () => {
    await assert.rejects(
      table(text),
      (error) => error instanceof DraftError && error.code === "IMPORT_UNREADABLE" && reason.test(error.reason),
    );
  });
}

test("a file over its limit is refused", async () => {
  const rows = all(csvRows(utf8Text(pieces(`a\n${"x\n".repeat(600)}`), 1_000)));
  await assert.rejects(rows, (error) => error instanceof DraftError && error.code === "BODY_TOO_LARGE");
});

test("JSON lines: objects as they are, and what is none is at fault", async () => {
  const read = await lines('\n{"a":"ü\\n"}\r\n[1]\n{"a":1,"a":2}\n{"a"\n  \n{"b":[1]}');
  assert.deepEqual(
    read.map(({ row, values, fault }) => [row, fault ?? values]),
    [
      [1, { a: "ü\n" }],
      [2, "it is not a JSON object"],
      [3, "a key stands twice in one object (see the pointer)"],
      [4, "it is not JSON"],
      [5, { b: [1] }],
    ],
  );
});
