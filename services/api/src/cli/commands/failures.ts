import type { DraftView } from "../../draft-view.ts";
import type { FailureGroupView } from "../../failure-groups.ts";
import { type Command, defineCommand } from "../command.ts";
import { jsonLine, plainText } from "../plain-text.ts";
import { quoted } from "../shell-word.ts";
import { table } from "../table.ts";
import { wholeNumber } from "../whole-number.ts";

export const FAILURE_STATES = ["failed", "parked", "dead"] as const;
const PAGE_MAX = 200;
const LIMIT_MAX = 1_000_000;

export const failures: Command = defineCommand({
  name: "failures",
  summary: "Tell what failed, is parked or is dead, by code and mailbox, and what to do about it",
  positionals: [],
  options: {
    list: { type: "boolean", help: "one by one, in place of groups" },
    state: { type: "string", choices: FAILURE_STATES, help: "only those" },
    code: { type: "string", value: "CODE", help: "only those with this code" },
    mailbox: { type: "string", value: "ADDRESS", help: "only those of this mailbox" },
    batch: { type: "string", value: "BATCH", help: "only those of this batch, one by one" },
    limit: { type: "string", value: "N", help: "with --list how many; all of them unless given" },
  },
  examples: [
    { line: "draftmill failures", tells: "the groups, with what to do about each" },
    { line: "draftmill failures --list --code DELEGATION_MISSING --json", tells: "records for a program, one a line" },
  ],
  async run({ options, json, client }, { stdout, stderr }) {
    const { state, code, mailbox, batch } = options;
    const filter = { state, code, mailbox, batch };
    const width = stdout.isTty ? stdout.columns() : null;
    if (options.list || batch !== undefined) {
      let left = wholeNumber("limit", options.limit, LIMIT_MAX) ?? Number.POSITIVE_INFINITY;
      let cursor: string | undefined;
      do {
        const query = { ...filter, limit: Math.min(PAGE_MAX, left), cursor };
        const page = await client.call<{ items: readonly DraftView[]; nextCursor: string | null }>({
          operation: "listFailures",
          query,
        });
        left -= page.items.length;
        cursor = page.nextCursor ?? undefined;
        await stdout.write(page.items.map(json ? jsonLine : recordLine).join(""));
      } while (cursor !== undefined && left > 0);
      return 0;
    }
    const { groups, truncated } = await client.call<{ groups: readonly FailureGroupView[]; truncated: boolean }>({
      operation: "listFailures",
      query: { ...filter, groupBy: "code,mailbox" },
    });
    if (json) {
      await stdout.write(jsonLine({ groups, truncated }));
      return 0;
    }
    if (groups.length === 0) {
      await stderr.write("Nothing has failed.\n");
      return 0;
    }
    const rows = groups.map((group) => [
      String(group.count),
      statesOf(group),
      group.code ?? "",
      group.mailbox ?? "",
      group.title ?? "",
    ]);
    await stdout.write(table(["COUNT", "STATE", "CODE", "MAILBOX", "MEANING"], rows, width));
    if (truncated) await stderr.write("There are more groups than were counted.\n");
    await stderr.write(remedies(groups));
    return 0;
  },
});

function statesOf({ byState }: FailureGroupView): string {
  return Object.entries(byState)
    .map(([state, count]) => (Object.keys(byState).length === 1 ? state : `${count} ${state}`))
    .join(", ");
}

function recordLine({ id, status, mailbox, to, problem }: DraftView): string {
  return `${[id, status, mailbox, to.join(","), `${problem?.code}: ${problem?.detail}`].map(plainText).join("\t")}\n`;
}

/** Each code once: what to mend, and the command that takes its requests up again. */
function remedies(groups: readonly FailureGroupView[]): string {
  const byCode = new Map(groups.map(({ code = "", remedy = "" }) => [code, remedy]));
  return [...byCode]
    .map(
      ([code, remedy]) =>
        `\n${plainText(code)}: ${plainText(remedy)}\n  Next: draftmill replay --filter code=${plainText(quoted(code))}\n`,
    )
    .join("");
}
