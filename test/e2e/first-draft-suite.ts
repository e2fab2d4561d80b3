import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import PostalMime, { type Email } from "postal-mime";
import { findGcloud, publishWithGcloud } from "../support/gcloud.ts";
import type { TestStack } from "../support/local-stack.ts";

const OLD_REQUEST = {
  to: "destinataire@example.com",
  subject: "Réunion d'équipe à 14 h",
  message: "Ceci est un brouillon généré automatiquement.",
};

const randomBase64 = (bytes: number): string => randomBytes(bytes).toString("base64");

/** Name, type and content in base64. */
const filesOf = ({ attachments }: Email) =>
  attachments.map(({ filename, mimeType, content }) => [
    filename,
    mimeType,
    Buffer.from(content as ArrayBuffer).toString("base64"),
  ]);

/** The main job, whatever Pub/Sub carries it. */
export function firstDraftSuite(pubsub: string, start: () => Promise<TestStack>): void {
  describe(`a request becomes a draft, over ${pubsub}`, { timeout: 180_000 }, () => {
    let stack: TestStack;
    before(async () => {
      stack = await start();
    });
    after(() => stack.finish());

    const mailOf = (mailbox: string, draftId: string | null) => {
      const draft = stack.google.drafts(mailbox).find(({ id }) => id === draftId);
      assert.ok(draft, `no draft ${draftId} in ${mailbox}`);
      return PostalMime.parse(draft.raw);
    };

    it("answers the old function's call with the draft's id, accents intact", async () => {
      const answer = await stack.post("/", OLD_REQUEST);
      const { body } = answer;
      assert.equal(answer.status, 200, JSON.stringify(body));
      assert.equal(body.status, "ok");
      assert.match(body.draft_id, /^r-?\d+$/);
      const mail = await mailOf("ada@example.com", body.draft_id);
      assert.equal(mail.subject, OLD_REQUEST.subject);
      assert.equal(mail.text?.trim(), OLD_REQUEST.message);
      assert.match(mail.html ?? "", /Ceci est un brouillon généré automatiquement\./);
      assert.deepEqual(
        mail.to?.map(({ address }) => address),
        ["destinataire@example.com"],
      );
      assert.equal(mail.from?.address, "ada@example.com");
    });

    it("makes a draft of a bare message on the topic, known by Pub/Sub's messageId", async () => {
      const messageId = await stack.publish(
        JSON.stringify({ ...OLD_REQUEST, subject: "Depuis le sujet Pub/Sub : é à ü" }),
      );
      const view = await stack.settled(messageId);
      assert.equal(view.status, "created");
      const mail = await mailOf("ada@example.com", view.draftId);
      assert.equal(mail.subject, "Depuis le sujet Pub/Sub : é à ü");
    });

    it("makes a draft of what gcloud publishes", async (t) => {
      const gcloud = findGcloud();
      if (gcloud === null) return t.skip("gcloud is not on this machine");
      const messageId = await publishWithGcloud(gcloud, stack, { ...OLD_REQUEST, subject: "Par gcloud : ça marche" });
      const view = await stack.settled(messageId);
      assert.equal(view.status, "created");
      assert.equal((await mailOf("ada@example.com", view.draftId)).subject, "Par gcloud : ça marche");
    });

    it("answers 202 at once with where to look, and there the state is found", async () => {
      const answer = await stack.post("/v1/drafts", { ...OLD_REQUEST, mailbox: "grace@example.com" });
      assert.equal(answer.status, 202);
      const { id, status } = answer.body;
      assert.equal(status, "queued");
      assert.equal(answer.headers.get("location"), `/v1/drafts/${id}`);
      assert.equal((await stack.settled(id)).status, "created");
      assert.equal(stack.google.drafts("grace@example.com").length, 1);
    });

    it("carries every field of the request into the draft", async () => {
      const request = {
        to: ["Ada <ada@example.com>", '"Doe, Jane" <jane@example.test>'],
        cc: "cc@example.test",
        bcc: ["hidden@example.test"],
        replyTo: "Antworten <reply@example.test>",
        subject: "Grüße: 日本語 🎉",
        message: "Zeile eins\nZeile zwei",
        html: "<p>Zeile <b>eins</b></p>",
        mailbox: "rep@example.com",
        from: "Vertrieb <sales@example.com>",
        inReplyTo: "<question@example.test>",
        references: ["<first@example.test>"],
        attachments: [{ filename: "Größe.txt", contentType: "text/plain; charset=utf-8", content: "w6TDtsO8Cg==" }],
        metadata: { campaign: "q4" },
      };
      const { body: view } = await stack.post("/v1/drafts", request, { prefer: "wait=30" });
      assert.equal(view.status, "created", JSON.stringify(view));
      assert.deepEqual(view.metadata, { campaign: "q4" });
      const mail = await mailOf("rep@example.com", view.draftId);
      const addresses = (list: readonly { address?: string | undefined }[] | undefined) =>
        list?.map(({ address }) => address);
      assert.deepEqual(
        mail.to?.map(({ name }) => name),
        ["Ada", "Doe, Jane"],
      );
      assert.deepEqual(addresses(mail.to), ["ada@example.com", "jane@example.test"]);
      assert.deepEqual(addresses(mail.cc), ["cc@example.test"]);
      assert.deepEqual(addresses(mail.bcc), ["hidden@example.test"]);
      assert.deepEqual(addresses(mail.replyTo), ["reply@example.test"]);
      assert.equal(mail.subject, request.subject);
      assert.equal(mail.text?.replaceAll("\r\n", "\n").trim(), request.message);
      assert.match(mail.html ?? "", /<p>Zeile <b>eins<\/b><\/p>/);
      assert.equal(mail.headers.find(({ key }) => key === "x-draftmill-id")?.value, view.id);
      assert.deepEqual(mail.from, { name: "Vertrieb", address: "sales@example.com" });
      assert.equal(mail.inReplyTo, request.inReplyTo);
      assert.equal(mail.references, "<first@example.test> <question@example.test>");
      assert.deepEqual(filesOf(mail), [["Größe.txt", "text/plain", "w6TDtsO8Cg=="]]);
    });

    it("brings two files of 4.6 MB into the draft byte for byte, by either way", async () => {
      const attachments = [
        { filename: "Übersicht 1.bin", contentType: "application/octet-stream", content: randomBase64(2_600_001) },
        { filename: "table.csv", contentType: "text/csv", content: randomBase64(2_000_000) },
      ];
      const request = { ...OLD_REQUEST, mailbox: "files@example.com", attachments };
      const { body: made } = await stack.post("/v1/drafts", request, { prefer: "wait=30" });
      assert.equal(made.status, "created", JSON.stringify(made).slice(0, 500));
      const view = await stack.settled(await stack.publish(JSON.stringify(request)));
      assert.equal(view.status, "created");
      assert.notEqual(view.draftId, made.draftId);
      for (const { draftId } of [made, view]) {
        assert.deepEqual(
          filesOf(await mailOf("files@example.com", draftId)),
          attachments.map(({ filename, contentType, content }) => [filename, contentType, content]),
        );
      }
      assert.equal(stack.google.calls.count("drafts.create", "files@example.com"), 2);
    });

    it("makes one draft for one dedupeKey, over HTTP and topic alike", async () => {
      const request = { ...OLD_REQUEST, mailbox: "dedupe@example.com", dedupeKey: "order-17" };
      const answers = await Promise.all([
        stack.post("/v1/drafts", request, { prefer: "wait=30" }),
        stack.post("/v1/drafts", request, { prefer: "wait=30" }),
      ]);
      const ids = answers.map(({ body }) => body.id);
      const messageId = await stack.publish(JSON.stringify(request));
      await stack.logged(
        ({ message, outcome, ...event }) =>
          message === "draft.settled" && outcome === "duplicate" && event.messageId === messageId,
      );
      assert.equal(new Set(ids).size, 1);
      assert.equal(stack.google.drafts("dedupe@example.com").length, 1);
    });

    it("signs and exchanges once for a mailbox, however many drafts it gets", async () => {
      const mintedBefore = stack.google.calls.count("token", "many@example.com");
      const mailbox = "many@example.com";
      const answers = await Promise.all(
        Array.from({ length: 25 }, (_, n) =>
          stack.post("/v1/drafts", { ...OLD_REQUEST, mailbox, subject: `No. ${n}` }, { prefer: "wait=30" }),
        ),
      );
      assert.deepEqual([...new Set(answers.map(({ body }) => body.status))], ["created"]);
      assert.equal(stack.google.drafts(mailbox).length, 25);
      assert.equal(mintedBefore, 0);
      assert.equal(stack.google.calls.count("token", mailbox), 1);
      assert.equal(stack.google.calls.count("drafts.create", mailbox), 25);
    });

    it("never speaks of bodies, addresses or tokens in its log", () => {
      const everything = JSON.stringify(stack.events.filter(({ message }) => !message.endsWith(".starting")));
      for (const secret of ["destinataire@example.com", "brouillon", "Bearer", "ya29"]) {
        assert.ok(!everything.includes(secret), `the log holds ${secret}`);
      }
    });
  });
}
