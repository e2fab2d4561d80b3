import assert from "node:assert/strict";
import { test } from "node:test";
import type { BatchView } from "@draftmill/api/batches/batch-view.ts";
import { bar, percent } from "@draftmill/api/cli/progress/bar.ts";
import { batchLine, batchScreen } from "@draftmill/api/cli/progress/batch-lines.ts";
import { exitCodeOf, hasEnded } from "@draftmill/api/cli/progress/follow-batch.ts";
import { liveLines } from "@draftmill/api/cli/progress/live-lines.ts";
import { createPace, duration, rate, secondsAtPace } from "@draftmill/api/cli/progress/pace.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { recordedTerminal } from "../../../support/recorded-terminal.ts";

const NONE = { queued: 0, processing: 0, created: 0, failed: 0, parked: 0, dead: 0, canceled: 0 };

function aBatch(changes: Partial<BatchView> = {}): BatchView {
  return {
    id: "b1",
    name: null,
    control: "open",
    total: 1_000,
    rejected: 0,
    undo: null,
    createdAt: "2026-01-01T00:00:00.000Z",
    completedAt: null,
    status: "running",
    counts: { ...NONE, queued: 300, processing: 100, created: 590, failed: 10 },
    mailboxes: [],
    secondsLeft: 40,
    ...changes,
  };
}

test("a bar is full, and 100 % said, only when all is done", () => {
  assert.deepEqual(
    [bar(0, 10, 4), bar(5, 10, 4), bar(9_999, 10_000, 4), bar(10, 10, 4)],
    ["░░░░", "██░░", "███░", "████"],
  );
  assert.deepEqual(
    [percent(9_999, 10_000), percent(1, 1), percent(0, 0), percent(0, 7)],
    ["99 %", "100 %", "100 %", "0 %"],
  );
});

test("the speed is that of the last half minute, and the time left follows from it", () => {
  const pace = createPace();
  pace.note(0, 0);
  assert.equal(pace.perSecond(), null);
  pace.note(10_000, 100);
  assert.equal(pace.perSecond(), 10);
  pace.note(35_000, 600);
  assert.equal(pace.perSecond(), 20);
  assert.deepEqual(
    [secondsAtPace(100, 20), secondsAtPace(100, 0), secondsAtPace(100, null), secondsAtPace(0, null)],
    [5, null, null, 0],
  );
  assert.deepEqual([duration(8), duration(250), duration(7_500)], ["8 s", "4 min 10 s", "2 h 05 min"]);
  assert.deepEqual([rate(0.25), rate(1_234.5)], ["0.3/s", "1,235/s"]);
});

test("a line tells what has ended, what became no draft, the speed and the later of the two ends", () => {
  assert.equal(batchLine(aBatch(), 5), "b1: 600/1,000 (60 %), 10 failed, 5.0/s, 1 min 20 s left");
  assert.equal(batchLine(aBatch(), 50), "b1: 600/1,000 (60 %), 10 failed, 50/s, 40 s left");
  assert.equal(
    batchLine(aBatch({ status: "paused", name: "a\u001b[31m" }), null),
    "a\\u001b[31m: 600/1,000 (60 %), 10 failed, paused",
  );
});

test("a screen has a line for each of the mailboxes with the most left, and fits a narrow terminal", async () => {
  const mailboxes = Array.from({ length: 12 }, (_, n) => ({
    mailbox: `rep${n}@example.com`,
    total: 100,
    counts: { ...NONE, queued: n, created: 100 - n },
  }));
  const screen = batchScreen(aBatch({ mailboxes }), 5, 100);
  assert.equal(screen.length, 10);
  assert.match(screen[1] ?? "", /89 % rep11@example\.com: 89\/100$/);
  assert.equal(screen.at(-1), "  and 4 more mailboxes");
  const terminal = recordedTerminal({ isTty: true, columns: 30 });
  await liveLines(terminal.stderr, terminal).show(screen, "");
  for (const line of terminal.said.stderr.split("\n")) {
    const seen = line.replaceAll("\u001b[2K", "").replaceAll("\u001b[J", "").replaceAll("\r", "");
    assert.ok([...seen].length < 30, seen);
  }
});

test("on a terminal progress is drawn over itself", async () => {
  const terminal = recordedTerminal({ isTty: true });
  const live = liveLines(terminal.stderr, terminal);
  await live.show(["one", "two"], "plain");
  await live.show(["three"], "plain");
  await live.end(false);
  assert.equal(
    terminal.said.stderr,
    "\r\u001b[2Kone\n\u001b[2Ktwo\n\u001b[J\r\u001b[2A\u001b[2Kthree\n\u001b[J\r\u001b[1A\u001b[J",
  );
});

test("off a terminal it is a plain line every ten seconds, each once, and the last one", async () => {
  const clock = new ManualClock();
  const terminal = recordedTerminal({ clock });
  const live = liveLines(terminal.stderr, terminal);
  await live.show(["x"], "10 %");
  await clock.advance(5_000);
  await live.show(["x"], "20 %");
  await clock.advance(5_000);
  await live.show(["x"], "30 %");
  await clock.advance(1_000);
  await live.show(["x"], "40 %");
  await live.end(true);
  await live.end(true);
  assert.equal(terminal.said.stderr, "10 %\n30 %\n40 %\n");
});

test("a batch has ended when nothing more comes of it by itself, and 3 says that some became no draft", () => {
  const ended = (changes: Partial<BatchView>, idleMs = 0): boolean => hasEnded(aBatch(changes), idleMs);
  const undo = { askedAt: "", deleted: 0, keptEdited: 0, gone: 0, finishedAt: null };
  assert.equal(ended({}), false);
  assert.equal(ended({ status: "finished" }), true);
  assert.equal(ended({ status: "finished", undo }), false);
  assert.equal(ended({ status: "finished", undo: { ...undo, finishedAt: "2026-01-01T00:00:00.000Z" } }), true);
  assert.equal(ended({ counts: { ...NONE, created: 990, parked: 10 } }), true);
  assert.equal(ended({ status: "paused", counts: { ...NONE, created: 990, parked: 10 } }), false);
  assert.deepEqual([ended({ status: "incomplete" }, 59_000), ended({ status: "incomplete" }, 60_000)], [false, true]);
  assert.equal(exitCodeOf(aBatch({ counts: { ...NONE, created: 1_000 } })), 0);
  assert.equal(exitCodeOf(aBatch({ counts: { ...NONE, created: 999, parked: 1 } })), 3);
  assert.equal(exitCodeOf(aBatch({ status: "incomplete", counts: { ...NONE, created: 999 } })), 3);
});
