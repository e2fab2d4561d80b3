import assert from "node:assert/strict";
import { test } from "node:test";
import { DRAFT_STATES, MOVES, type MoveOrigin } from "@draftmill/shared/contract/draft-record.ts";
import { readText, tableUnder } from "../support/readme.ts";

/** `cause → state, state` for every move that starts here, as the README's third column writes it. */
function movesFrom(origin: MoveOrigin): string {
  return Object.entries(MOVES)
    .filter(([, { from }]) => from.some((state) => state === origin))
    .map(([cause, { to }]) => `${cause} → ${to.join(", ")}`)
    .join("; ");
}

test("the README's state table has every state with every move of the code's table, and no other", () => {
  const [, , ...lines] = tableUnder(readText("README.md"), "States");
  const told = lines.map((line) => {
    const [, state = "", , moves = ""] = line.split("|").map((cell) => cell.trim());
    return [state.replaceAll("`", ""), moves];
  });
  const origins: MoveOrigin[] = ["none", ...DRAFT_STATES];
  assert.deepEqual(
    told,
    origins.map((origin) => [origin, movesFrom(origin)]),
  );
});

test("the ledger's drawing names every state and every cause that moves a request", () => {
  const [, drawing = ""] = readText("shared/src/ledger/README.md").split("```");
  const words = new Set(drawing.match(/[a-z]+/g));
  for (const state of DRAFT_STATES) assert.ok(words.has(state), `the state ${state} is not drawn`);
  for (const [cause, { from, to }] of Object.entries(MOVES)) {
    const moves = from.some((origin) => to.some((target) => target !== origin));
    if (moves) assert.ok(words.has(cause), `the move ${cause} is not drawn`);
  }
});
