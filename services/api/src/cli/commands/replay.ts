import type { ReplayEstimate } from "../../replay-estimate.ts";
import type { ReplayView } from "../../replay-view.ts";
import { confirm, refuseUnasked } from "../ask.ts";
import { CliError, orGoOn, UsageError } from "../cli-error.ts";
import type { Client } from "../client.ts";
import { type Command, defineCommand } from "../command.ts";
import { jsonLine, plainText } from "../plain-text.ts";
import { liveLines } from "../progress/live-lines.ts";
import type { Terminal } from "../terminal.ts";
import { pairs } from "../upload/import-options.ts";
import { wholeNumber } from "../whole-number.ts";

const FILTERS = ["state", "code", "mailbox", "batch"];
const LIMIT_MAX = 1_000_000_000;
const LOOK_EVERY_MS = 1_000;

export const replay: Command = defineCommand({
  name: "replay",
  summary: "Take failed requests up again",
  about: `The service does it, for every failure that fits; a request whose draft exists gets no second one. Without a filter it is all of them. Exit
code 3 when some were skipped.`,
  positionals: [],
  options: {
    filter: {
      type: "string",
      value: "NAME=VALUE",
      multiple: true,
      help: `which: ${FILTERS.join(", ")}; all that are given must fit`,
    },
    limit: { type: "string", value: "N", help: "the most to take up: some first, to see" },
    "dry-run": { type: "boolean", help: "only count them" },
    yes: { type: "boolean", short: "y", help: "do not ask" },
  },
  examples: [
    { line: "draftmill replay --filter code=DELEGATION_MISSING --dry-run", tells: "how many it would be" },
    { line: "draftmill replay --filter code=DELEGATION_MISSING --limit 10", tells: "ten of them first" },
  ],
  async run({ options, json, line, client }, terminal) {
    const { stdout, stderr } = terminal;
    const filter = pairs("filter", options.filter);
    const unknown = Object.keys(filter).find((name) => !FILTERS.includes(name));
    if (unknown !== undefined)
      throw new UsageError(`--filter knows ${FILTERS.join(", ")}, and not ${JSON.stringify(unknown)}`);
    const limit = wholeNumber("limit", options.limit, LIMIT_MAX);
    const order = { filter, ...(limit === undefined ? {} : { limit }) };
    if (options["dry-run"] || !options.yes) {
      if (!options["dry-run"]) refuseUnasked(line, terminal);
      const estimate = await client.call<ReplayEstimate>({ operation: "replay", json: { ...order, dryRun: true } });
      const told = estimateText(estimate);
      if (options["dry-run"]) {
        await stdout.write(json ? jsonLine(estimate) : `${told}\n`);
        return 0;
      }
      if (estimate.requeueable === 0)
        throw new CliError(`there is nothing to take up: ${told}`, { next: "draftmill failures" });
      await confirm(`${told}. Take them up again?`, line, terminal);
    }
    const { id } = await client.call<ReplayView>({ operation: "replay", json: order });
    const ended = await follow(client, id, terminal);
    const skipped = Object.entries(ended.skipped).filter(([reason]) => reason !== "limit");
    await stdout.write(json ? jsonLine(ended) : `${replayText(ended)}\n`);
    if (ended.requeued > 0) await stderr.write("They are under way. Next: draftmill failures\n");
    return ended.status === "canceled" || skipped.length > 0 ? 3 : 0;
  },
});

async function follow(client: Client, id: string, terminal: Terminal): Promise<ReplayView> {
  const { clock, signal, stderr } = terminal;
  const live = liveLines(stderr, terminal);
  try {
    return await orGoOn(
      () => `the service goes on with replay ${plainText(id)}; what it has taken up stays taken up`,
      async () => {
        for (;;) {
          const now = await client.call<ReplayView>({ operation: "getReplay", id });
          if (now.status !== "running") return now;
          const text = replayText(now);
          await live.show([text], text);
          await clock.sleep(LOOK_EVERY_MS, signal);
        }
      },
    );
  } finally {
    await live.end(false).catch(() => {});
  }
}

function replayText({ requeued, skipped, status }: ReplayView): string {
  const left = Object.entries(skipped).map(
    ([reason, count]) => `${count.toLocaleString("en")} skipped (${plainText(reason)})`,
  );
  return [`${requeued.toLocaleString("en")} taken up`, ...left, ...(status === "canceled" ? ["stopped"] : [])].join(
    ", ",
  );
}

function estimateText({ matching, requeueable, skipped, truncated }: ReplayEstimate): string {
  const left = Object.entries(skipped).map(
    ([reason, count]) => `${count.toLocaleString("en")} not (${plainText(reason)})`,
  );
  const more = truncated ? " or more" : "";
  return [
    `${matching.toLocaleString("en")}${more} fit`,
    `${requeueable.toLocaleString("en")} can be taken up`,
    ...left,
  ].join(", ");
}
