import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { after, before, describe, it } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import { startTestStack, type TestStack } from "../support/local-stack.ts";

const LOOK_EVERY_MS = 20;
const CALL_MS = 60_000;

interface Report {
  readonly id: string;
  readonly rows: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly repeated: number;
  readonly roleAddresses: number;
  readonly seconds: number;
  readonly previews: readonly { row: number; mailbox: string; to: readonly string[]; subject: string; raw: string }[];
  readonly code?: string;
  readonly detail?: string;
  readonly errors: readonly {
    row: number;
    errors: readonly { pointer: string; code: string; detail: string }[];
    pointer: string;
  }[];
}

interface Counted {
  readonly status: string;
  readonly total: number;
  readonly rejected: number;
  readonly counts: Readonly<Record<string, number>>;
}

describe("imports", { timeout: 170_000 }, () => {
  let stack: TestStack;
  let mailboxes = 0;
  before(async () => {
    stack = await startTestStack();
  });
  after(() => stack.finish());

  const newMailbox = (): string => {
    mailboxes += 1;
    return `import${mailboxes}@example.com`;
  };
  const orderFor = (mailbox: string, more: object = {}) => ({
    defaults: { mailbox },
    map: { to: "Email" },
    template: {
      subject: 'Hello {{ First Name | default: "there" }}'.replace("First Name", "first_name"),
      message: 'Dear {{ first_name | default: "customer" }}, your plan is {{ plan }}.',
      html: "<p>Your plan is <b>{{ plan }}</b>.</p>",
    },
    ...more,
  });
  const send = async (
    file: string | Uint8Array,
    order: object,
    {
      query = "",
      headers = {},
      name = "prospects.csv",
    }: { query?: string; headers?: Record<string, string>; name?: string } = {},
  ): Promise<{ status: number; body: Report; headers: Headers }> => {
    const form = new FormData();
    form.append("import", JSON.stringify(order));
    form.append("file", new Blob([file as string], { type: "text/csv" }), name);
    const init = { method: "POST", body: form, headers, signal: AbortSignal.timeout(CALL_MS) };
    const answer = await fetch(`${stack.apiUrl}/v1/imports${query}`, init);
    return { status: answer.status, body: (await answer.json()) as Report, headers: answer.headers };
  };
  const until = async (id: string, isSo: (batch: Counted) => boolean): Promise<Counted> => {
    for (;;) {
      const batch = (await (
        await fetch(`${stack.apiUrl}/v1/batches/${id}`, { signal: AbortSignal.timeout(CALL_MS) })
      ).json()) as Counted;
      if (isSo(batch)) return batch;
      await systemClock.sleep(LOOK_EVERY_MS);
    }
  };
  const finished = ({ status }: Counted): boolean => status === "finished";
  const CSV = 'Email,First Name,plan\r\nada@example.test,Ada,"Gold, yearly"\r\ngrace@example.test,,<b>Silver</b>\r\n';

  it("turns each row into a draft from its template, escaped where it is HTML", async () => {
    const mailbox = newMailbox();
    const { status, body, headers } = await send(CSV, orderFor(mailbox));
    assert.equal(status, 202, JSON.stringify(body));
    assert.deepEqual([body.rows, body.accepted, body.rejected, body.repeated], [2, 2, 0, 0]);
    assert.equal(headers.get("location"), `/v1/batches/${body.id}`);
    assert.equal((await until(body.id, finished)).counts.created, 2);
    const drafts = stack.google.drafts(mailbox).map(({ raw }) => raw.toString("utf8"));
    const ada = drafts.find((raw) => raw.includes("ada@example.test")) ?? "";
    assert.match(ada, /^Subject: Hello Ada\r$/m);
    assert.match(ada, /Dear Ada, your plan is Gold, yearly\./);
    const grace = drafts.find((raw) => raw.includes("grace@example.test")) ?? "";
    assert.match(grace, /^Subject: Hello there\r$/m);
    assert.match(grace, /Dear customer, your plan is <b>Silver<\/b>\./);
    assert.match(grace.replaceAll("=\r\n", ""), /<b>&lt;b&gt;Silver&lt;\/b&gt;<\/b>/);
  });

  it("keeps rows that are at fault back, says why, and hands them out as a file that can be corrected and sent again", async () => {
    const mailbox = newMailbox();
    const rows = [
      "Email,First Name,plan",
      "nobody,N,Gold",
      "ok@example.test,O,Gold",
      "empty@example.test,E,",
      "short@example.test",
    ];
    const { status, body } = await send(rows.join("\n"), orderFor(mailbox));
    assert.equal(status, 202);
    assert.deepEqual([body.rows, body.accepted, body.rejected], [4, 1, 3]);
    assert.deepEqual(
      body.errors.map(({ row, errors }) => [row, errors[0]?.code]),
      [
        [1, "address"],
        [3, "mergeField"],
        [4, "row"],
      ],
    );
    const file = await (
      await fetch(`${stack.apiUrl}/v1/batches/${body.id}/errors`, { signal: AbortSignal.timeout(CALL_MS) })
    ).text();
    assert.match(file, /^Email,First Name,plan,draftmill_row,draftmill_error\r\nnobody,N,Gold,1,/);
    const corrected = file
      .replace("nobody", "somebody@example.test")
      .replace("empty@example.test,E,,", "empty@example.test,E,Gold,");
    const again = await send(corrected, orderFor(mailbox));
    assert.deepEqual([again.body.accepted, again.body.rejected], [2, 1]);
    await until(again.body.id, finished);
    assert.equal(stack.google.drafts(mailbox).length, 3);
  });

  it("the same file again makes no second draft, with rows in another order and one new", async () => {
    const mailbox = newMailbox();
    const first = await send(CSV, orderFor(mailbox));
    await until(first.body.id, finished);
    const [header = "", ada = "", grace = ""] = CSV.split("\r\n");
    const second = await send([header, grace, "new@example.test,New,Gold", ada, ada].join("\r\n"), orderFor(mailbox));
    assert.deepEqual([second.body.accepted, second.body.repeated], [3, 1]);
    const batch = await until(second.body.id, finished);
    assert.deepEqual([batch.counts.created, batch.counts.canceled], [1, 2]);
    assert.equal(stack.google.drafts(mailbox).length, 3);
  });

  it("a dry run tells the same and queues nothing", async () => {
    const mailbox = newMailbox();
    const { status, body } = await send(`${CSV}info@example.test,I,Gold\r\n`, orderFor(mailbox), {
      query: "?dryRun=true",
    });
    assert.equal(status, 200);
    assert.deepEqual([body.id, body.rows, body.accepted, body.roleAddresses, body.seconds], [null, 3, 3, 1, 1]);
    assert.deepEqual(
      body.previews.map(({ row, mailbox: of, to, subject }) => [row, of, to[0], subject]),
      [
        [1, mailbox, "ada@example.test", "Hello Ada"],
        [2, mailbox, "grace@example.test", "Hello there"],
        [3, mailbox, "info@example.test", "Hello I"],
      ],
    );
    assert.match(body.previews[0]?.raw ?? "", /^Subject: Hello Ada\r\n[\s\S]*Dear Ada, your plan is Gold, yearly\./m);
    await stack.idle();
    assert.equal(stack.google.drafts(mailbox).length, 0);
  });

  it("takes semicolons, a byte order mark and a file alone as the body; JSON lines as they stand", async () => {
    const mailbox = newMailbox();
    const post = async (type: string, body: string): Promise<Report> => {
      const order = encodeURIComponent(JSON.stringify({ defaults: { mailbox } }));
      const init = { method: "POST", body, headers: { "content-type": type }, signal: AbortSignal.timeout(CALL_MS) };
      return (await (await fetch(`${stack.apiUrl}/v1/imports?import=${order}`, init)).json()) as Report;
    };
    const table = await post(
      "text/csv; charset=utf-8",
      "\ufeffto;subject;message\nada@example.test;Grüße;Eins, zwei\n",
    );
    assert.deepEqual([table.accepted, table.rejected], [1, 0], JSON.stringify(table));
    const lines = [
      '{"to":"a@example.test","subject":"S","message":"M"}',
      '{"to":"b@example.test","subject":"S","mesage":"M"}',
      "[]",
      "",
    ];
    const json = await post("application/x-ndjson", lines.join("\n"));
    assert.deepEqual([json.rows, json.accepted, json.rejected], [3, 1, 2]);
    assert.deepEqual(json.errors[0]?.errors[0]?.code, "unknownField");
    await until(table.id, finished);
    await until(json.id, finished);
    assert.equal(stack.google.drafts(mailbox).length, 2);
  });

  for (const [what, file, code, detail] of [
    [
      "Latin-1",
      Buffer.from("to,subject,message\na@example.test,Gr\xfc\xdfe,M\n", "latin1"),
      "IMPORT_UNREADABLE",
      /not UTF-8/,
    ],
    [
      "a quote that nobody closes",
      'to,subject,message\na@example.test,"S,M\n',
      "IMPORT_UNREADABLE",
      /cannot be read on from line 2/,
    ],
    ["two columns of one name", "to,to\na,b\n", "IMPORT_UNREADABLE", /two columns are called "to"/],
  ] as const) {
    it(`a file with ${what} is refused with what to do`, async () => {
      const { status, body } = await send(file, { defaults: { mailbox: newMailbox() } });
      assert.deepEqual([status, body.code], [422, code]);
      assert.match(body.detail ?? "", detail);
    });
  }

  it("a template that reads files, repeats or cannot be read is refused before a row is", async () => {
    for (const message of ["{% include 'x' %}", "{% for i in (1..9) %}x{% endfor %}", "{{ a", "{{ a | nofilter }}"]) {
      const { status, body } = await send(CSV, { template: { message } });
      assert.deepEqual([status, body.code], [422, "IMPORT_INVALID"], message);
    }
  });

  it("a file that is cut off goes on when it comes again under its key", async () => {
    const mailbox = newMailbox();
    const rows = Array.from({ length: 2_500 }, (_, n) => `p${n}@example.test,P${n},Gold`);
    const file = ["Email,First Name,plan", ...rows].join("\n");
    const order = orderFor(mailbox);
    const key = { "idempotency-key": "cut-off" };
    const path = `/v1/imports?import=${encodeURIComponent(JSON.stringify(order))}`;
    const headers = { ...key, "content-type": "text/csv" };
    const cut = httpRequest(`${stack.apiUrl}${path}`, {
      method: "POST",
      headers: { ...headers, "content-length": file.length },
    });
    const broken = new Promise((gone) => cut.once("error", gone));
    cut.write(file.slice(0, Math.floor(file.length * 0.6)));
    const listed = async (): Promise<{ items: { id: string; total: number }[] }> =>
      (await (
        await fetch(`${stack.apiUrl}/v1/batches?limit=1`, { signal: AbortSignal.timeout(CALL_MS) })
      ).json()) as never;
    while (((await listed()).items[0]?.total ?? 0) !== 1_000) await systemClock.sleep(LOOK_EVERY_MS);
    const begun = (await listed()).items[0];
    cut.destroy();
    await broken;
    const init = { method: "POST", body: file, headers, signal: AbortSignal.timeout(CALL_MS) };
    const answer = await fetch(`${stack.apiUrl}${path}`, init);
    const report = (await answer.json()) as Report;
    assert.deepEqual([answer.status, report.id, report.rows, report.accepted], [202, begun?.id, 2_500, 2_500]);
    assert.equal((await until(report.id, ({ total }) => total === 2_500)).total, 2_500);
    const other = await fetch(`${stack.apiUrl}${path}`, {
      ...init,
      body: file.replace("P3,", "Q3,"),
      signal: AbortSignal.timeout(CALL_MS),
    });
    assert.deepEqual([other.status, ((await other.json()) as Report).code], [409, "IMPORT_CHANGED"]);
  });
});
