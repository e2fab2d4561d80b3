import type { DraftView } from "../draft-view.ts";
import { plainText } from "./plain-text.ts";

/** A record as a person reads it. */
export function draftText({ id, status, mailbox, to, subject, draftId, problem, note, batch }: DraftView): string {
  const rows: readonly (readonly [string, string | null])[] = [
    ["id", id],
    ["status", status],
    ["mailbox", mailbox],
    ["to", to.join(", ")],
    ["subject", subject],
    ["draft", draftId],
    ["batch", batch],
    ["note", note],
    ["problem", problem === null ? null : `${problem.code}: ${problem.detail}`],
    ...(problem?.errors ?? []).map((error) => ["", `${error.pointer}: ${error.detail}`] as const),
  ];
  const given = rows.flatMap(([name, value]) => (value === null || value === "" ? [] : [[name, value] as const]));
  return given.map(([name, value]) => `${name.padEnd(8)} ${plainText(value)}\n`).join("");
}
