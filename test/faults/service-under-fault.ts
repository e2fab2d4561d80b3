// Run as a process of its own, in place of the local stack's run-service.ts: the api as it is, or the worker with
// - a store and a fetch that can be struck as the file at STRIKE_ORDER says,
// - a store that leaves the share LOST_ANSWERS of its writes unanswered,
// - a wall clock that is off by CLOCK_OFFSET_MS, and by CLOCK_STEP_MS more from one SIGUSR2 to the next,
// - pauses that last PAUSE_SHARE of what they should,
// - a monotonic clock that runs TIME_LAPSE times as fast, and pauses as much shorter.
import { type Clock, systemClock } from "@draftmill/shared/clock.ts";
import { openPooledFetch } from "@draftmill/shared/http/pooled-fetch.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { runProcess } from "@draftmill/shared/run-process.ts";
import { startWorker } from "@draftmill/worker/start.ts";
import { chanceOf } from "../support/chance.ts";
import { forgetfulLedger } from "./forgetful-ledger.ts";
import { strikesAt } from "./strike.ts";
import { struckFetch } from "./struck-fetch.ts";
import { struckLedger } from "./struck-ledger.ts";

const NO_DEADLINE_MS = 3_600_000;

process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();

// A limit on the size of files stands for a full disk: the write then fails, where the signal would end the process.
process.on("SIGXFSZ", () => {});

// Ends as a process does that meets something it cannot go on from: at once, without closing anything.
process.on("SIGHUP", () => process.exit(1));

const {
  STRIKE_ORDER = "",
  LOST_ANSWERS = "0",
  LOST_ANSWERS_SEED = "1",
  CLOCK_OFFSET_MS = "0",
  CLOCK_STEP_MS = "0",
  PAUSE_SHARE = "1",
  TIME_LAPSE = "1",
  ...environment
} = process.env;
const usualOffsetMs = Number(CLOCK_OFFSET_MS);
let offsetMs = usualOffsetMs;
process.on("SIGUSR2", () => {
  offsetMs = offsetMs === usualOffsetMs ? usualOffsetMs + Number(CLOCK_STEP_MS) : usualOffsetMs;
  tell({ message: "clock.stepped", offsetMs });
});
const clock: Clock = {
  ...systemClock,
  nowMs: () => systemClock.nowMs() + offsetMs,
  monotonicMs: () => systemClock.monotonicMs() * Number(TIME_LAPSE),
  sleep: (ms, signal) => systemClock.sleep((ms * Number(PAUSE_SHARE)) / Number(TIME_LAPSE), signal),
};

function tell(event: object): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

if (process.argv[2] === "api") await import("@draftmill/api/main.ts");
else {
  const strikes = strikesAt(STRIKE_ORDER);
  // The deadline is the service's own: see struckFetch.
  const fetch = struckFetch(strikes, openPooledFetch({ timeoutMs: NO_DEADLINE_MS }));
  await runProcess("worker", () =>
    startWorker(environment, {
      clock,
      fetch,
      openStore: async (url, options) =>
        forgetfulLedger(
          struckLedger(await openLedger(url, options), strikes),
          Number(LOST_ANSWERS),
          chanceOf(Number(LOST_ANSWERS_SEED)),
          (state) => tell({ message: "answer.lost", state }),
        ),
    }),
  );
}
