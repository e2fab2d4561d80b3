import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import PostalMime from "postal-mime";
import { type DraftView, startTestStack, type TestStack } from "../support/local-stack.ts";

const REQUEST = { to: "a@example.test", subject: "Re: Question", message: "Yes." };
const ANSWERED = "<question@mail.example.test>";
const LARGE = { filename: "large.bin", contentType: "application/octet-stream", content: contentOf(3_500_000) };

function contentOf(bytes: number): string {
  return randomBytes(bytes).toString("base64");
}

describe("what a request may say besides its text", { timeout: 120_000 }, () => {
  let folder: string;
  let stack: TestStack;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "draftmill-fields-"));
    stack = await startTestStack({ dataDir: folder });
  });
  after(async () => {
    await stack.finish();
    await rm(folder, { recursive: true });
  });

  const make = async (fields: object): Promise<DraftView> => {
    const { status, body } = await stack.post("/v1/drafts", { ...REQUEST, ...fields });
    assert.equal(status, 202, JSON.stringify(body));
    return stack.settled(body.id);
  };
  const draftOf = ({ mailbox, draftId }: DraftView) => {
    const draft = stack.google.drafts(mailbox).find(({ id }) => id === draftId);
    assert.ok(draft, `no draft ${draftId}`);
    return draft;
  };

  for (const [how, attachments] of [
    ["as JSON", []],
    ["as an upload", [LARGE]],
  ] as const) {
    it(`a draft that leaves ${how} joins the thread that it answers`, async () => {
      const mailbox = "threads@example.com";
      const threadId = stack.google.admin.addThread(mailbox, "Question");
      const draft = draftOf(await make({ mailbox, threadId, inReplyTo: ANSWERED, attachments }));
      assert.equal(draft.threadId, threadId);
      const mail = await PostalMime.parse(draft.raw);
      assert.deepEqual([mail.inReplyTo, mail.references], [ANSWERED, ANSWERED]);
    });

    it(`one that leaves ${how} for a thread of another mailbox fails for good and says which field it is`, async () => {
      const threadId = stack.google.admin.addThread("other@example.com", "Question");
      const view = await make({ mailbox: "threads@example.com", threadId, inReplyTo: ANSWERED, attachments });
      const { code, errors, remedy, retryable } = view.problem ?? {};
      assert.deepEqual([view.status, code, retryable], ["failed", "THREAD_NOT_FOUND", false]);
      assert.deepEqual(
        errors?.map(({ pointer }) => pointer),
        ["/threadId"],
      );
      assert.match(remedy ?? "", /Take `threadId` from this mailbox/);
      const [letter] = await stack.pullDeadLetters(1);
      assert.equal(letter?.attributes.draftmillCode, "THREAD_NOT_FOUND");
    });
  }

  it("the sender is the address that the user has verified, and Gmail replaces any other", async () => {
    const mailbox = "rep@example.com";
    stack.google.admin.setAliases(mailbox, ["sales@example.com"]);
    const senderOf = async (from: string) => (await PostalMime.parse(draftOf(await make({ mailbox, from })).raw)).from;
    assert.deepEqual(await senderOf("Sales <sales@example.com>"), { name: "Sales", address: "sales@example.com" });
    assert.deepEqual(await senderOf("Rep <rep@example.com>"), { name: "Rep", address: mailbox });
    assert.deepEqual(await senderOf("Boss <boss@example.com>"), { name: "", address: mailbox });
  });

  it("a sender that Gmail refuses is a failure of its own", async () => {
    const mailbox = "refused@example.com";
    stack.google.faults.next("drafts.create", 1, { kind: "answer", error: "invalidSender" }, mailbox);
    const { status, problem } = await make({ mailbox, from: "boss@example.com" });
    assert.deepEqual([status, problem?.code, problem?.errors?.[0]?.pointer], ["failed", "SENDER_REJECTED", "/from"]);
  });

  it("the mailbox page lists files by name and size, as text", async () => {
    const attachments = [
      { ...LARGE, filename: '<b>offer & "more".pdf', contentType: "application/pdf" },
      { filename: "note.txt", contentType: "text/plain", content: contentOf(700) },
    ];
    const view = await make({ mailbox: "page@example.com", attachments });
    const page = await fetch(`${stack.google.url}/mailboxes/${view.mailbox}/drafts/${view.draftId}`);
    const html = await page.text();
    assert.match(
      html,
      /<span class="file-name">&lt;b&gt;offer &amp; &quot;more&quot;\.pdf<\/span> <span class="muted">3\.5 MB</,
    );
    assert.match(html, /<span class="file-name">note\.txt<\/span> <span class="muted">700 B</);
  });

  it("the ledger holds nothing of a file whose request has not failed", async () => {
    const fileNamed = (filename: string) => ({ filename, contentType: "text/plain", content: contentOf(3_000) });
    const [made, failed] = [fileNamed("made.txt"), fileNamed("failed.txt")];
    assert.equal((await make({ mailbox: "ledger@example.com", attachments: [made] })).status, "created");
    stack.google.faults.next("drafts.create", 1, { kind: "answer", error: "invalidHeader" }, "ledger@example.com");
    assert.equal((await make({ mailbox: "ledger@example.com", attachments: [failed] })).status, "failed");
    const names = (await readdir(folder)).filter((name) => name.startsWith("ledger.db"));
    const ledger = (await Promise.all(names.map((name) => readFile(join(folder, name), "latin1")))).join("");
    // In pieces, as SQLite breaks a long value into pages.
    const isKept = ({ content }: { readonly content: string }): boolean =>
      (content.match(/.{50}/g) ?? []).some((piece) => ledger.includes(piece));
    assert.ok(isKept(failed) && ledger.includes(failed.filename), "the body of a failed request is kept");
    assert.ok(!isKept(made) && !ledger.includes(made.filename));
  });

  it("nothing of a file stands in the log", () => {
    const log = JSON.stringify(stack.events);
    for (const secret of ["offer", "note.txt", "failed.txt", LARGE.content.slice(0, 40), ANSWERED, "boss@"]) {
      assert.ok(!log.includes(secret), `the log holds ${secret}`);
    }
  });
});
