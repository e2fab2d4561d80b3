import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { MAPPED_FIELDS } from "@draftmill/api/imports/import-order.ts";
import { parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import type { FastifyInstance } from "fastify";
import { anApi, MAILBOX, post, type ScriptedPublisher } from "../unit/api/api-under-test.ts";
import { NAUGHTY } from "./hostile-text.ts";

const FINE = { to: "ada@example.com", subject: "S", message: "M" };
const ITEMS_MAX = 1_000;

interface Case {
  readonly body: Readonly<Record<string, string>>;
  /** What the same request alone would be. */
  readonly fits: boolean;
}

/** Each naughty text in each field that a column can fill, told apart by their dedupeKeys. */
const CASES: readonly Case[] = NAUGHTY.flatMap((text, n) =>
  MAPPED_FIELDS.map((field): Case => {
    const inReplyTo = field === "threadId" ? "<a@b.example>" : "";
    const body = { ...FINE, inReplyTo, dedupeKey: `${field}-${n}`, [field]: text };
    return { body, fits: isFine(body) };
  }),
);

function isFine(body: object): boolean {
  const parsed = parseDraftRequest(body, MAILBOX);
  return parsed.ok && (parsed.request.mailbox === MAILBOX || parsed.request.mailbox.endsWith("@team.example"));
}

/** What was published, as requests, with the mailbox that the api fills in. */
function publishedBy({ published }: ScriptedPublisher): string[] {
  return published.map(({ data }) => essenceOf(JSON.parse(data.toString()))).toSorted();
}

/** A request as it counts: read by the rules of all. */
function essenceOf(body: object): string {
  const parsed = parseDraftRequest(body, MAILBOX);
  assert.ok(parsed.ok, JSON.stringify(body));
  return JSON.stringify(parsed.request);
}

const expected = [...new Set(CASES.filter(({ fits }) => fits).map(({ body }) => essenceOf(body)))].toSorted();

test("every naughty text in every field of a batch's items: each is what it is alone", async (t) => {
  const { app, publisher } = await anApi(t);
  for (let first = 0; first < CASES.length; first += ITEMS_MAX) {
    const some = CASES.slice(first, first + ITEMS_MAX);
    const answer = await post(app, "/v1/batches", { mode: "permissive", items: some.map(({ body }) => body) });
    assert.equal(answer.statusCode, 202, answer.body.slice(0, 500));
    const { results }: { results: { id?: string; errors?: object[] }[] } = answer.json();
    for (const [n, { body, fits }] of some.entries())
      assert.equal(results[n]?.id !== undefined, fits, JSON.stringify(body));
  }
  assert.deepEqual([...new Set(publishedBy(publisher))], expected);
});

const COLUMNS = [...MAPPED_FIELDS];
const cellOf = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const csvOf = (bodies: readonly Readonly<Record<string, string>>[]): string =>
  [COLUMNS.join(","), ...bodies.map((body) => COLUMNS.map((column) => cellOf(body[column] ?? "")).join(","))].join(
    "\r\n",
  );

for (const [what, type, file] of [
  ["cells of a CSV file", "text/csv", csvOf(CASES.map(({ body }) => body))],
  ["lines of JSON", "application/x-ndjson", CASES.map(({ body }) => JSON.stringify(body)).join("\n")],
] as const) {
  test(`every naughty text in every field, as ${what}: each row is what it is alone`, async (t) => {
    const { app, publisher } = await anApi(t);
    const answer = await send(app, type, file);
    assert.equal(answer.statusCode, 202, answer.body.slice(0, 500));
    const { rows, accepted, rejected, repeated } = answer.json();
    assert.equal(rows, CASES.length);
    assert.equal(accepted + repeated, CASES.filter(({ fits }) => fits).length);
    assert.equal(rejected, CASES.filter(({ fits }) => !fits).length);
    assert.deepEqual(publishedBy(publisher), expected);
  });
}

test("every naughty text as a merge field stands in the text as it is, and escaped in the HTML", async (t) => {
  const { app, publisher } = await anApi(t);
  const texts = NAUGHTY.filter((text) => text.trim() !== "");
  const order = { template: { message: "[{{ note }}]", html: "<p>{{ note }}</p>" } };
  const file = `to,subject,note\n${texts.map((text, n) => `p${n}@example.com,S,${cellOf(text)}`).join("\n")}`;
  const answer = await send(app, "text/csv", file, order);
  const { accepted, rejected } = answer.json();
  assert.equal(accepted + rejected, texts.length);
  assert.ok(accepted > texts.length * 0.9);
  for (const { data } of publisher.published) {
    const { to, message, html }: { to: string; message: string; html: string } = JSON.parse(data.toString());
    const text = texts[Number(/\d+/.exec(to)?.[0])] ?? "";
    assert.equal(message, `[${text}]`);
    const inner = html.slice("<p>".length, -"</p>".length);
    assert.doesNotMatch(inner, /[<>"']/);
    assert.equal(unescaped(inner), text);
  }
});

function unescaped(html: string): string {
  return html
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}

const send = (app: FastifyInstance, type: string, payload: string | Buffer, order: object = {}) =>
  app.inject({
    method: "POST",
    url: `/v1/imports?import=${encodeURIComponent(JSON.stringify(order))}`,
    headers: { "content-type": type },
    payload,
  });

const HEADER = "to,subject,message\n";
const ROW = "a@example.com,S,M\n";
const LINE = JSON.stringify(FINE);

/** Files as no program should write them: rows that are accepted and that are at fault, or the code. */
const FILES: Readonly<Record<string, readonly [file: string | Buffer, ...outcome: readonly (number | string)[]]>> = {
  nothing: ["", 0, 0],
  "a header alone": [HEADER, 0, 0],
  "line ends of CR alone": [`${HEADER}${ROW}`.replaceAll("\n", "\r"), 1, 0],
  "line ends of every kind": [`${HEADER}${ROW.trim()}\r\nb@example.com,S,M\rc@example.com,S,M\n`, 1, 1],
  "a quote that nobody closes": [`${HEADER}a@example.com,"S,M\n${ROW.repeat(9)}`, "IMPORT_UNREADABLE"],
  "a quote in a cell": [`${HEADER}a@example.com,S"x,M\n`, "IMPORT_UNREADABLE"],
  "text after a closing quote": [`${HEADER}a@example.com,"S"x,M\n`, "IMPORT_UNREADABLE"],
  "a NUL": [`${HEADER}a@example.com,S\0,M\n`, 0, 1],
  "a byte order mark in its middle": [`${HEADER}\ufeff${ROW}`, 1, 0],
  "UTF-16": [Buffer.from(`\ufeff${HEADER}${ROW}`, "utf16le"), "IMPORT_UNREADABLE"],
  "half a character": [bytesOf(HEADER, [0xed, 0xa0, 0x80, 0x0a]), "IMPORT_UNREADABLE"],
  "an overlong NUL": [bytesOf(`${HEADER}a@example.com,`, [0xc0, 0x80]), "IMPORT_UNREADABLE"],
  gzip: [gzipSync(`${HEADER}${ROW}`), "IMPORT_UNREADABLE"],
  "a thousand columns": [`${columns(997)}${ROW.trim()}${",".repeat(997)}\n`, 1, 0],
  "100,000 columns": [`${columns(100_000)}${ROW}`, "IMPORT_UNREADABLE"],
  "columns called like methods": [`__proto__,constructor,toString,${HEADER}x,y,z,${ROW}`, 1, 0],
  "a cell of 4 MB": [`${HEADER}a@example.com,S,"${"x".repeat(4_000_000)}"\n`, "IMPORT_UNREADABLE"],
  "a header of 4 MB": ["x".repeat(4_000_000), "IMPORT_UNREADABLE"],
  "blank lines": [`\n\n${HEADER}\n\n${ROW}\n\n`, 1, 0],
  "a row of 200,000 commas": [`${HEADER}${",".repeat(200_000)}\n${ROW}`, 1, 1],
  "line breaks in every cell": [`${HEADER}"a@example.com\r\n","S\r\nBcc: x@example.com","M\n"\n`, 0, 1],
};

const LINES: typeof FILES = {
  nothing: ["", 0, 0],
  "a byte order mark": [`\ufeff${LINE}\n`, 1, 0],
  "line ends of CR LF": [`${LINE}\r\n${LINE.replace("S", "T")}\r\n`, 2, 0],
  "no objects": ['null\n[]\n1\n"x"\ntrue\n{\n', 0, 6],
  __proto__: [LINE.replace("{", '{"__proto__":{"bcc":"evil@example.test"},'), 0, 1],
  "constructor.prototype": [LINE.replace("{", '{"constructor":{"prototype":{"bcc":"x@example.com"}},'), 0, 1],
  "a key twice": [LINE.replace("{", '{"to":"first@example.com",'), 0, 1],
  "100,000 objects in each other": [`${deep(100_000)}\n${LINE}`, 1, 1],
  "100,000 arrays that do not end": [`${"[".repeat(100_000)}\n${LINE}`, 1, 1],
  "an unknown field that is deep": [LINE.replace("{", `{"x":${deep(10_000)},`), 0, 1],
  "braces in a text": [LINE.replace("M", "{[".repeat(10_000)), 1, 0],
  "two objects in a line": [`${LINE}${LINE}\n`, 0, 1],
  "a line separator that is none": [`${LINE}\u2028${LINE}`, 0, 1],
  "a line that has no end": ["x".repeat(11_000_000), "IMPORT_UNREADABLE"],
  "half a character, escaped": [`${LINE.replace("S", "\\ud800")}\n${LINE}`, 1, 1],
};

for (const [type, files] of [
  ["text/csv", FILES],
  ["application/x-ndjson", LINES],
] as const) {
  test(`${type} as no program should write it: what is wrong is told, and nothing else is queued`, async (t) => {
    const { app, publisher } = await anApi(t);
    for (const [what, [file, ...outcome]] of Object.entries(files)) {
      const before = publisher.published.length;
      // Under a name of its own, or the same row would be one that was there before.
      const answer = await send(app, type, file, { name: what });
      const { code, accepted, rejected } = answer.json();
      assert.deepEqual(
        code === undefined ? [accepted, rejected] : [code],
        outcome,
        `${what}: ${answer.body.slice(0, 300)}`,
      );
      assert.equal(publisher.published.length - before, accepted ?? 0, what);
    }
  });
}

test("items of a batch that are deep or called like methods are at fault, and the others are queued", async (t) => {
  const { app, publisher } = await anApi(t);
  const items = [
    LINE,
    LINE.replace("{", `{"x":${deep(10_000)},`),
    LINE.replace("{", '{"constructor":{},'),
    deep(10_000),
  ];
  const answer = await post(app, "/v1/batches", `{"mode":"permissive","items":[${items.join(",")}]}`);
  assert.deepEqual([answer.statusCode, answer.json().accepted, answer.json().rejected], [202, 1, 3]);
  assert.equal(publisher.published.length, 1);
});

const PART = 'Content-Disposition: form-data; name="file"; filename="x.csv"\r\nContent-Type: text/csv\r\n\r\n';
const IMPORT_PART = 'Content-Disposition: form-data; name="import"\r\n\r\n';

/** Bodies of multipart/form-data; what is not `--x` is no boundary. */
const FORMS: Readonly<Record<string, readonly [body: string, ...outcome: readonly (number | string)[]]>> = {
  "as it should be": [`--x\r\n${PART}${HEADER}${ROW}\r\n--x--\r\n`, 1, 0],
  nothing: ["", "IMPORT_INVALID"],
  "no part": ["--x--\r\n", "IMPORT_INVALID"],
  "a part that is not known": [`--x\r\n${IMPORT_PART.replace("import", "imports")}{}\r\n--x--\r\n`, "IMPORT_INVALID"],
  "an import that is not JSON": [`--x\r\n${IMPORT_PART}{\r\n--x\r\n${PART}${ROW}\r\n--x--\r\n`, "IMPORT_INVALID"],
  "a path as its name": [`--x\r\n${PART.replace("x.csv", "../../etc/passwd")}${HEADER}${ROW}\r\n--x--\r\n`, 1, 0],
};

test("forms as no browser should send them: never a fault of the service's own", async (t) => {
  const { app, publisher } = await anApi(t);
  for (const [what, [payload, ...outcome]] of Object.entries(FORMS)) {
    const before = publisher.published.length;
    const headers = { "content-type": "multipart/form-data; boundary=x" };
    const answer = await app.inject({ method: "POST", url: "/v1/imports", headers, payload });
    const { code, accepted, rejected } = answer.json();
    assert.deepEqual(
      code === undefined ? [accepted, rejected] : [code],
      outcome,
      `${what}: ${answer.body.slice(0, 300)}`,
    );
    assert.equal(publisher.published.length - before, accepted ?? 0, what);
  }
});

function bytesOf(text: string, bytes: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from(text), Buffer.from(bytes)]);
}

function columns(count: number): string {
  return `${HEADER.trim()},${Array.from({ length: count }, (_, n) => `c${n}`).join(",")}\n`;
}

function deep(count: number): string {
  return `${'{"a":'.repeat(count)}1${"}".repeat(count)}`;
}
