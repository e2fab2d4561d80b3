import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startTestStack, type TestStack } from "../support/local-stack.ts";
import { openRaw, type RawAnswer } from "./raw-connection.ts";

const JSON_TYPE = "Content-Type: application/json\r\n";

/** A request's bytes; `host` is the api's own. */
type Bytes = (host: string) => string;

const body = JSON.stringify({ to: "a@example.com", subject: "s", message: "m", mailbox: "outer@example.com" });
const hidden = JSON.stringify({ to: "a@example.com", subject: "s", message: "m", mailbox: "inner@example.com" });
const size = body.length;
const hex = size.toString(16);
const chunked = `${hex}\r\n${body}\r\n0\r\n\r\n`;

/** A whole request, for who can be brought to see one where another sees a body. */
const inner: Bytes = (host) =>
  `POST /v1/drafts HTTP/1.1\r\nHost: ${host}\r\n${JSON_TYPE}Content-Length: ${hidden.length}\r\n\r\n${hidden}`;

function post(fields: string, rest: string, line = "POST /v1/drafts HTTP/1.1"): Bytes {
  return (host) => `${line}\r\nHost: ${host}\r\n${JSON_TYPE}${fields}\r\n${rest}`;
}

/** The same with a second request behind it, which is part of the first's body or is nothing. */
function hiding(fields: string, rest: string, line?: string): Bytes {
  return (host) => post(fields, rest + inner(host), line)(host);
}

const sized = `Content-Length: ${size}\r\n`;
const inChunks = "Transfer-Encoding: chunked\r\n";

/** What is refused, and its connection with it. */
const REFUSED: Readonly<Record<string, Bytes>> = {
  "a length and chunks": hiding(`Content-Length: 400\r\n${inChunks}`, chunked),
  "chunks and a length": hiding(`${inChunks}Content-Length: 4\r\n`, chunked),
  "a transfer coding that is none": hiding("Transfer-Encoding: xchunked\r\n", chunked),
  "chunked, then identity": hiding("Transfer-Encoding: chunked, identity\r\n", chunked),
  "transfer coding identity": hiding("Transfer-Encoding: identity\r\n", chunked),
  "gzip, then chunked": post("Transfer-Encoding: gzip, chunked\r\n", chunked),
  "two transfer codings that differ": hiding(`${inChunks}Transfer-Encoding: identity\r\n`, chunked),
  "chunked twice": hiding(`${inChunks}${inChunks}`, chunked),
  "a vertical tab before chunked": hiding("Transfer-Encoding: \vchunked\r\n", chunked),
  "a space before the colon": hiding("Transfer-Encoding : chunked\r\n", chunked),
  "chunked on a line of its own": hiding("Transfer-Encoding:\r\n chunked\r\n", chunked),
  "chunked in quotes": hiding('Transfer-Encoding: "chunked"\r\n', chunked),
  "chunked with a parameter": hiding("Transfer-Encoding: chunked;q=1\r\n", chunked),
  "the same length twice": hiding(sized + sized, body),
  "two lengths": hiding(`${sized}Content-Length: 400\r\n`, body),
  "a list of lengths": post(`Content-Length: ${size}, ${size}\r\n`, body),
  "a length with a plus": post(`Content-Length: +${size}\r\n`, body),
  "a negative length": post(`Content-Length: -${size}\r\n`, body),
  "a length in hex": post(`Content-Length: 0x${hex}\r\n`, body),
  "a length with a space in it": post(`Content-Length: 1 ${size}\r\n`, body),
  "a length with a fraction": post(`Content-Length: ${size}.0\r\n`, body),
  "an empty length": post("Content-Length: \r\n", body),
  "a length beyond 64 bits": post(`Content-Length: 99999999999999999999999\r\n`, body),
  "a length of 2 to the power of 63": post("Content-Length: 9223372036854775808\r\n", body),
  "a length under another name": hiding(`Content_Length: ${size}\r\n`, body),
  "line ends of LF alone": (host) => post(sized, "")(host).replaceAll("\r\n", "\n") + body,
  "line ends of CR alone": (host) => post(sized, "")(host).replaceAll("\r\n", "\r") + body,
  "one line end of LF alone": hiding(`X-A: 1\n${sized}`, body),
  "a CR in a value": hiding(`X-A: a\rContent-Length: 3\r\n${sized}`, body),
  "a NUL in a value": post(`X-A: a\0b\r\n${sized}`, body),
  "a folded field": post(`X-A: a\r\n b\r\n${sized}`, body),
  "a space before the first field": (host) => post(sized, body)(host).replace("\r\nHost", "\r\n Host"),
  "a space in a field's name": post(`X A: 1\r\n${sized}`, body),
  "a field without a name": post(`: 1\r\n${sized}`, body),
  "a NUL in a field's name": post(`X\0: 1\r\n${sized}`, body),
  "a chunk's extension that ends in LF": hiding(inChunks, `${hex};a=b\n${body}\r\n0\r\n\r\n`),
  "a chunk's extension of 20,000 characters": post(inChunks, `${hex};${"a".repeat(20_000)}\r\n${body}\r\n0\r\n\r\n`),
  "a chunk's size beyond 64 bits": hiding(inChunks, `1000000000000000${hex}\r\n${body}\r\n0\r\n\r\n`),
  "a negative chunk": hiding(inChunks, `-1\r\n${body}\r\n0\r\n\r\n`),
  "a chunk's size with 0x": hiding(inChunks, `0x${hex}\r\n${body}\r\n0\r\n\r\n`),
  "a chunk's size with a space": hiding(inChunks, `${hex} \r\n${body}\r\n0\r\n\r\n`),
  "chunks that end in LF": hiding(inChunks, `${hex}\n${body}\n0\n\n`),
  "a chunk without its line end": hiding(inChunks, `${hex}\r\n${body}0\r\n\r\n`),
  "a chunk that is longer than it says": hiding(inChunks, `${hex}\r\n${body}xx\r\n0\r\n\r\n`),
  "a length and a Host behind the chunks": post(
    inChunks,
    `${hex}\r\n${body}\r\n0\r\nContent-Length: 5\r\nHost: x\r\n\r\n`,
  ),
  "a target that is only a host": post(sized, body, "POST evil.example:80 HTTP/1.1"),
  "a target with a space": post(sized, body, "POST /v1/drafts HTTP/1.1 HTTP/1.1"),
  "a target with a NUL": post(sized, body, "POST /v1/drafts\0 HTTP/1.1"),
  "a target with 8-bit characters": post(sized, body, "GET /v1/drafts/\xff HTTP/1.1"),
  "a method in lower case": post(sized, body, "post /v1/drafts HTTP/1.1"),
  "HTTP/1.2": post(sized, body, "POST /v1/drafts HTTP/1.2"),
  "HTTP/9.9": post(sized, body, "POST /v1/drafts HTTP/9.9"),
  "HTTP/2's first words": () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "TLS's first words": () => `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${"\0".repeat(100)}`,
  "two Hosts": post(`Host: evil.example\r\n${sized}`, body),
  "no Host": () => `POST /v1/drafts HTTP/1.1\r\n${JSON_TYPE}${sized}\r\n${body}`,
  "a header of 20,000 characters": post(`X-A: ${"a".repeat(20_000)}\r\n${sized}`, body),
  "3,000 fields": post(`${"X-A: a\r\n".repeat(3_000)}${sized}`, body),
};

/** What is one request, whatever it looks like; some of it is refused for what it asks for. */
const ONE_REQUEST: Readonly<Record<string, readonly [number, Bytes]>> = {
  "a tab before chunked": [202, post("Transfer-Encoding:\tchunked\r\n", chunked)],
  "odd capitals": [202, post("tRANSFER-eNCODING: Chunked\r\n", chunked)],
  "spaces behind the length": [202, post(`Content-Length: ${size}   \r\n`, body)],
  "zeros before the length": [202, post(`Content-Length: 000${size}\r\n`, body)],
  "extensions of chunks": [202, post(inChunks, `${hex};a=b;c="d"\r\n${body}\r\n0;x\r\n\r\n`)],
  "a target with scheme and another host": [202, post(sized, body, "POST http://evil.example/v1/drafts HTTP/1.1")],
  "OPTIONS *": [404, post(sized, body, "OPTIONS * HTTP/1.1")],
  "a GET with a request for its body": [
    200,
    (host) => post(`Content-Length: ${inner(host).length}\r\n`, inner(host), "GET /health/live HTTP/1.1")(host),
  ],
  "a GET with a request in a chunk": [
    200,
    (host) =>
      post(
        inChunks,
        `${inner(host).length.toString(16)}\r\n${inner(host)}\r\n0\r\n\r\n`,
        "GET /health/live HTTP/1.1",
      )(host),
  ],
  "an expectation that nobody can meet, with a request for its body": [
    417,
    (host) => post(`Expect: evil\r\nContent-Length: ${inner(host).length}\r\n`, inner(host))(host),
  ],
  "Expect: 100-continue without waiting": [202, post(`Expect: 100-continue\r\n${sized}`, body)],
  "an upgrade that nobody offers": [202, post(`Connection: Upgrade\r\nUpgrade: h2c\r\n${sized}`, body)],
  "a length named as a field of this connection": [
    202,
    post(`Connection: keep-alive, Content-Length\r\n${sized}`, body),
  ],
  "another method in a header": [202, post(`X-HTTP-Method-Override: DELETE\r\n${sized}`, body)],
};

/** Ends what can still be ended, so that the close of the connection tells that nothing more will come. */
const last: Bytes = (host) => `GET /health/live HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

describe("one request is never two, and what is none ends its connection", { timeout: 60_000 }, () => {
  let stack: TestStack;
  let host = "";
  let made = 0;
  before(async () => {
    stack = await startTestStack();
    ({ host } = new URL(stack.apiUrl));
  });
  after(() => stack.finish());

  const say = async (t: { after(end: () => void): void }, bytes: Bytes): Promise<readonly RawAnswer[]> => {
    const connection = await openRaw(stack.apiUrl, t);
    connection.write(bytes(host));
    await connection.answered(1);
    connection.write(last(host));
    await connection.closed;
    return connection.answers();
  };

  for (const [name, bytes] of Object.entries(REFUSED)) {
    it(`refuses ${name}`, async (t) => {
      const answers = await say(t, bytes);
      assert.equal(answers.length, 1, JSON.stringify(answers.map(({ status }) => status)));
      const [answer] = answers;
      assert.match(String(answer?.status), /^4\d\d$/);
      assert.match(answer?.headers.get("content-type") ?? "", /^application\/problem\+json/);
      assert.equal(JSON.parse(answer?.body ?? "").status, answer?.status);
    });
  }

  it("answers what came before unreadable bytes first, so that nobody takes the refusal for that answer", async (t) => {
    const connection = await openRaw(stack.apiUrl, t);
    connection.write(post(`Prefer: wait=20\r\n${sized}`, `${body}\0 no request\r\n\r\n`)(host));
    await connection.closed;
    assert.deepEqual(
      connection.answers().map(({ status }) => status),
      [201, 400],
    );
    made += 1;
  });

  it("answers HTTP/1.0 once, whatever follows", async (t) => {
    const answers = await say(t, hiding(inChunks, chunked, "POST /v1/drafts HTTP/1.0"));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [202],
    );
    made += 1;
  });

  it("closes a CONNECT without a word", async (t) => {
    assert.deepEqual(await say(t, hiding(sized, "", "CONNECT evil.example:80 HTTP/1.1")), []);
  });

  for (const [name, [expected, bytes]] of Object.entries(ONE_REQUEST)) {
    it(`takes ${name} for one request`, async (t) => {
      const answers = await say(t, bytes);
      assert.deepEqual(
        answers.map(({ status }) => status),
        [expected, 200],
      );
      assert.equal(answers[1]?.body, '{"status":"live"}');
      if (expected === 202) made += 1;
    });
  }

  it("has made of all of these the drafts that it promised, and none of a hidden request", async () => {
    const read = async (mailbox: string): Promise<number> => {
      const answer = await fetch(`${stack.apiUrl}/v1/drafts?mailbox=${mailbox}&limit=200`);
      return ((await answer.json()) as { items: unknown[] }).items.length;
    };
    assert.equal(await read("inner@example.com"), 0);
    assert.equal(await read("outer@example.com"), made);
  });

  it("answers 60 requests on one connection in their order, none mixed up", async (t) => {
    const traces = Array.from({ length: 60 }, (_, index) => (index + 1).toString(16).padStart(32, "0"));
    const request = (trace: string, index: number): string => {
      const traced = `traceparent: 00-${trace}-${"ab".repeat(8)}-01\r\n`;
      const draft = JSON.stringify({
        to: "a@example.com",
        subject: `No. ${index}`,
        message: "m",
        mailbox: "line@example.com",
      });
      // Slow, quick and wrong ones side by side.
      const kinds: readonly Bytes[] = [
        post(`Prefer: wait=20\r\n${traced}Content-Length: ${draft.length}\r\n`, draft),
        post(traced, "", "GET /health/live HTTP/1.1"),
        post(`${traced}Content-Length: 2\r\n`, "{}"),
        post(`${traced}${inChunks}`, `${draft.length.toString(16)}\r\n${draft}\r\n0\r\n\r\n`),
        post(traced, "", "GET /nowhere HTTP/1.1"),
      ];
      return kinds[index % kinds.length]?.(host) ?? "";
    };
    const connection = await openRaw(stack.apiUrl, t);
    connection.write(traces.map(request).join("") + last(host));
    await connection.closed;
    const answers = connection.answers();
    assert.deepEqual(
      answers.slice(0, 60).map(({ headers }) => headers.get("x-request-id")),
      traces,
    );
    const statuses = answers.slice(0, 60).map(({ status }) => status);
    assert.deepEqual(
      statuses,
      traces.map((_, index) => [201, 200, 422, 202, 404][index % 5]),
    );
    for (const [index, answer] of answers.slice(0, 60).entries()) {
      if (answer.status === 201) assert.equal(JSON.parse(answer.body).subject, `No. ${index}`);
    }
  });
});
