import { randomUUID } from "node:crypto";
import { composeMessage } from "@draftmill/shared/compose/compose-message.ts";
import { parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import { at, listAt, textAt } from "@draftmill/shared/doctor/json-answer.ts";
import { ok, type Trail, type Verdict, warning, wrong } from "@draftmill/shared/doctor/probe.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { CreatedDraft } from "../gmail/gmail-port.ts";
import { type Admit, NO_ADMISSION } from "../pacing/pacer.ts";
import { draftError, verdictOf, type WorkerContext, type WorkerProbe } from "./worker-context.ts";

/** A few calls, once. */
const UNPACED: Admit = async () => NO_ADMISSION;
const profile: WorkerProbe = {
  id: "gmail",
  title: "Gmail",
  needs: ["user"],
  async run({ call, mailbox, config, noteCalls }, trail) {
    try {
      const answer: unknown = await call({
        operation: "getProfile",
        mailbox,
        signal: trail.signal,
        invoke: (auth, { signal, adapter }) =>
          auth.request({
            url: `${config.env.GMAIL_ENDPOINT}/gmail/v1/users/me/profile`,
            retry: false,
            signal,
            adapter,
          }),
      });
      const address = textAt(answer, "emailAddress");
      if (address?.toLowerCase() === mailbox)
        return ok(`${mailbox} has Gmail, ${at(answer, "messagesTotal")} messages`);
      return warning(`Gmail calls the mailbox ${address}`, `Use ${address} in requests and in MAILBOXES.`);
    } catch (error) {
      return verdictOf(draftError(error));
    } finally {
      noteCalls(trail, "getProfile");
    }
  },
};

/** With --write: proves that a draft can be made, and takes it away again. */
export const draftProbe: WorkerProbe = {
  id: "draft",
  title: "A draft, made and deleted",
  needs: ["gmail"],
  run: (context, trail) =>
    withDraft(context, trail, async ({ draftId }) =>
      ok(`${draftId} was made in ${context.mailbox} and is deleted again`),
    ),
};

/** A list that hides a draft for longer than this hides it from the worker's first search: 90 s after the last answer. */
const LIST_LAG_MAX_MS = 90_000;
const LIST_POLL_MS = 250;
const DELETE_WITHIN_MS = 5_000;

/** With --live: what the product takes for granted of Gmail and has only read of, measured on this mailbox. */
export const markerProbe: WorkerProbe = {
  id: "marker",
  title: "A draft can be found again",
  needs: ["gmail"],
  run: (context, trail) =>
    withDraft(context, trail, async (created, { id, messageId, startedMs }) => {
      const { call, drafts, mailbox, clock, gmail } = context;
      const draft: unknown = await call({
        operation: "drafts.get",
        mailbox,
        signal: trail.signal,
        invoke: (auth, options) => drafts.get({ auth, userId: "me", id: created.draftId, format: "metadata" }, options),
      });
      const header = (name: string): string | null => {
        const headers = listAt(draft, "message", "payload", "headers");
        return textAt(
          headers.find((one) => textAt(one, "name")?.toLowerCase() === name),
          "value",
        );
      };
      let lagMs: number | null = null;
      while (lagMs === null && !trail.signal.aborted && clock.monotonicMs() - startedMs < LIST_LAG_MAX_MS) {
        const listed = await gmail.listDrafts(mailbox, UNPACED, trail.signal);
        if (listed.has(created.draftId)) lagMs = clock.monotonicMs() - startedMs;
        else await clock.sleep(LIST_POLL_MS, trail.signal);
      }
      const said = [
        `X-Draftmill-Id ${header("x-draftmill-id") === id ? "is kept" : "is lost"}`,
        `Message-ID ${header("message-id") === messageId ? "is kept" : "is replaced"}`,
        `the thread ${created.threadId === created.messageId ? "is" : "is not"} named for its first message`,
        lagMs === null
          ? `the list did not show it within ${LIST_LAG_MAX_MS / 1000} s`
          : `the list showed it ${Math.round(lagMs)} ms after it was made`,
      ].join("; ");
      if (header("x-draftmill-id") !== id) {
        return wrong(said, `Report it with this line: in ${mailbox} a second draft could not be told from the first.`);
      }
      if (lagMs !== null && created.threadId === created.messageId) return ok(said);
      const loss = "the sweep may find a second draft late, or leave it";
      return warning(
        `${said}: ${loss}`,
        `Report it with this line, and look through ${mailbox} for drafts that are there twice.`,
      );
    }),
};

interface Made {
  /** In X-Draftmill-Id. */
  readonly id: string;
  readonly messageId: string | null;
  readonly startedMs: number;
}

/** Makes a draft to the mailbox itself, has it looked at, and deletes it whatever was found; tells where it is if it cannot. */
async function withDraft(
  context: WorkerContext,
  trail: Trail,
  look: (created: CreatedDraft, made: Made) => Promise<Verdict>,
): Promise<Verdict> {
  const { gmail, mailbox, clock, noteCalls } = context;
  const id = `doctor-${randomUUID()}`;
  const mime = await composeMessage(requestOf(mailbox), { id, nowMs: clock.nowMs() });
  const messageId = /^Message-ID: *(\S+)/im.exec(mime.toString("latin1"))?.[1] ?? null;
  try {
    const created = await gmail.createDraft(mailbox, { mime, threadId: null }, trail.signal);
    const made = { id, messageId, startedMs: clock.monotonicMs() };
    const verdict = await look(created, made).catch((error: unknown) => verdictOf(draftError(error)));
    // Not by the probe's own signal, which may have ended it.
    const deletion = gmail.deleteDraft(mailbox, created.draftId, UNPACED, AbortSignal.timeout(DELETE_WITHIN_MS));
    const failure = await deletion.then(() => null, draftError);
    return failure === null ? verdict : left(created.draftId, mailbox, verdict);
  } catch (error) {
    return verdictOf(draftError(error));
  } finally {
    noteCalls(trail, "drafts.create", "drafts.get", "drafts.list", "drafts.delete");
  }
}

function left(draftId: string, mailbox: string, { status, said, ...more }: Verdict): Verdict {
  const remedies = "remedies" in more ? more.remedies : [];
  return {
    status: status === "ok" ? "cannot-tell" : status,
    said: `${said}, but could not be deleted`,
    remedies: [...remedies, `Delete the draft ${draftId} ("draftmill doctor") in ${mailbox} by hand.`],
  };
}

function requestOf(mailbox: string) {
  const parsed = parseDraftRequest(
    {
      to: mailbox,
      subject: "draftmill doctor",
      message: "Made by draftmill doctor to prove that drafts can be made here. It may be deleted.",
      mailbox,
    },
    null,
  );
  if (!parsed.ok) throw new DraftError("REQUEST_INVALID", { fields: parsed.problems });
  return parsed.request;
}

export const MAILBOX_PROBES: readonly WorkerProbe[] = [profile];
