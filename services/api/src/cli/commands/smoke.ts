import { randomUUID } from "node:crypto";
import type { BatchView } from "../../batches/batch-view.ts";
import type { DraftView } from "../../draft-view.ts";
import { CliError, orGoOn } from "../cli-error.ts";
import type { Client } from "../client.ts";
import { type Command, defineCommand } from "../command.ts";
import { plainText } from "../plain-text.ts";
import { ServiceProblem } from "../service-problem.ts";
import type { Terminal } from "../terminal.ts";
import { wholeNumber } from "../whole-number.ts";

/** How long a draft may take, unless more is allowed: two services may have to start first. */
const WITHIN_S = 120;
/** The sweep, which deletes it, comes once a minute. */
const DELETED_WITHIN_MS = 150_000;
const POLL_MS = 500;
/** The service holds an answer for so long at most. */
const WAIT_S = 20;

/** How long each stage took, by the service's own clock but for the first; null for a stage that was not reached. */
interface Stages {
  /** Until the request was answered. */
  readonly acceptMs: number;
  /** From there until a worker took it up. */
  readonly queueMs: number | null;
  /** From there until the draft was on record. */
  readonly createMs: number | null;
  readonly deleteMs: number | null;
}

export const smoke: Command = defineCommand({
  name: "smoke",
  summary: "Make one draft and take it back, to prove a deployment",
  about: `The draft goes the whole way: service, queue, worker, Gmail. It is a batch of one, which is then undone, so that
its draft is deleted unless somebody has edited it. Exit codes: 0 made and deleted, 1 not made, 3 made and still there.`,
  positionals: [],
  options: {
    mailbox: { type: "string", value: "ADDRESS", help: "whose mailbox; the service's own default unless given" },
    keep: { type: "boolean", help: "leave the draft where it is" },
    within: { type: "string", value: "SECONDS", help: `how long it may take; ${WITHIN_S} unless given` },
  },
  examples: [
    { line: "draftmill smoke --url https://api.corp.example --mailbox rep@corp.example", tells: "after a deployment" },
    { line: "draftmill smoke --json", tells: "the local stack, for a program" },
  ],
  async run({ options, json, client }, terminal) {
    const withinMs = (wholeNumber("within", options.within, 3_600) ?? WITHIN_S) * 1_000;
    const { clock } = terminal;
    const startedMs = clock.monotonicMs();
    const batch = await accepted(client, options.mailbox);
    const acceptMs = clock.monotonicMs() - startedMs;
    const record = await ended(client, batch, terminal, withinMs);
    const made = await client.call<BatchView>({ operation: "getBatch", id: batch.id });
    const times = stagesOf(made, record);
    if (record.status !== "created" || record.draftId === null) throw notMade(record);
    const where = `${plainText(record.draftId)} in ${plainText(record.mailbox)}`;
    const undo = `draftmill undo ${batch.id} --yes --url ${client.url}`;
    const deleteMs = options.keep
      ? null
      : await orGoOn(
          () => undo,
          () => takenBack(client, batch, terminal),
        );
    const stages: Stages = { acceptMs: Math.round(acceptMs), ...times, deleteMs };
    const isDone = options.keep || deleteMs !== null;
    await terminal.stdout.write(
      json
        ? `${JSON.stringify({ ok: true, id: batch.requestId, mailbox: record.mailbox, draftId: record.draftId, deleted: deleteMs !== null, stages })}\n`
        : textOf(stages, where, options.keep),
    );
    if (isDone) return 0;
    await terminal.stderr.write(`The draft is still there: ${where}\nNext: ${undo}\n`);
    return 3;
  },
});

interface Accepted {
  readonly id: string;
  readonly requestId: string;
}

async function accepted(client: Client, mailbox: string | undefined): Promise<Accepted> {
  const item = {
    to: mailbox ?? "smoke@example.com",
    subject: "draftmill smoke",
    message: "Made by draftmill smoke to prove that drafts are made. It may be deleted.",
    ...(mailbox === undefined ? {} : { mailbox }),
  };
  const { id, results } = await client.call<{ readonly id: string; readonly results: readonly { id?: string }[] }>({
    operation: "queueBatch",
    key: randomUUID(),
    json: { name: "draftmill smoke", items: [item] },
  });
  const requestId = results[0]?.id;
  if (requestId === undefined) throw new CliError(`the service accepted batch ${id} without its request`);
  return { id, requestId };
}

/** The request's record once it has ended, or as it is when the time is over. */
async function ended(client: Client, batch: Accepted, terminal: Terminal, withinMs: number): Promise<DraftView> {
  const { clock, signal } = terminal;
  const untilMs = clock.monotonicMs() + withinMs;
  for (;;) {
    const record = await recordOf(client, batch);
    if (record !== null && record.status !== "queued" && record.status !== "processing") return record;
    if (clock.monotonicMs() > untilMs) {
      const state = record === null ? "nobody has taken it up" : `it is ${record.status}`;
      throw new CliError(`no draft within ${withinMs / 1_000} s: ${state}`, {
        next: record === null ? "draftmill doctor --project PROJECT" : `draftmill show ${batch.requestId}`,
      });
    }
    await clock.sleep(POLL_MS, signal);
  }
}

/** Null before the first delivery: a batch's request has no record until a worker takes it up. */
async function recordOf(client: Client, { requestId }: Accepted): Promise<DraftView | null> {
  try {
    return await client.call<DraftView>({
      operation: "getDraft",
      id: requestId,
      headers: { prefer: `wait=${WAIT_S}` },
    });
  } catch (error) {
    if (error instanceof ServiceProblem && error.problem.status === 404) return null;
    throw error;
  }
}

function stagesOf(batch: BatchView, record: DraftView): Pick<Stages, "queueMs" | "createMs"> {
  const [accepted, taken, made] = [batch.createdAt, record.createdAt, record.updatedAt].map((time) => Date.parse(time));
  return { queueMs: (taken ?? 0) - (accepted ?? 0), createMs: (made ?? 0) - (taken ?? 0) };
}

/** How long it took until its record was let go of; null when that did not happen in time. */
async function takenBack(client: Client, batch: Accepted, { clock, signal }: Terminal): Promise<number | null> {
  const startedMs = clock.monotonicMs();
  await client.call<BatchView>({ operation: "undoBatch", id: batch.id });
  while (clock.monotonicMs() - startedMs < DELETED_WITHIN_MS) {
    const { undo } = await client.call<BatchView>({ operation: "getBatch", id: batch.id });
    if ((undo?.deleted ?? 0) > 0) return Math.round(clock.monotonicMs() - startedMs);
    if ((undo?.keptEdited ?? 0) > 0 || (undo?.gone ?? 0) > 0) return null;
    await clock.sleep(POLL_MS, signal);
  }
  return null;
}

function notMade({ status, problem, id }: DraftView): CliError {
  const why = problem === null ? status : `${status}, ${problem.code}: ${problem.detail}`;
  return new CliError(`no draft was made: ${plainText(why)}`, { next: problem?.remedy ?? `draftmill show ${id}` });
}

function textOf({ acceptMs, queueMs, createMs, deleteMs }: Stages, where: string, kept: boolean): string {
  const line = (name: string, ms: number | null, tells: string): string =>
    `${name.padEnd(8)}${ms === null ? "-".padStart(8) : `${ms} ms`.padStart(8)}  ${tells}\n`;
  return [
    line("accept", acceptMs, "the service took it and Pub/Sub confirmed it"),
    line("queue", queueMs, "a worker took it up"),
    line("create", createMs, `the draft is on record: ${where}`),
    kept ? "" : line("delete", deleteMs, deleteMs === null ? "not yet" : "the draft is deleted"),
  ].join("");
}
