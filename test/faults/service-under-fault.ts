// Run as a process of its own, in place of the local stack's run-service.ts: the api as it is, or the worker with a
// store that kills the process where STRIKE_ORDER says, and with a wall clock that is off by CLOCK_OFFSET_MS.
import { type Clock, systemClock } from "@draftmill/shared/clock.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { runProcess } from "@draftmill/shared/run-process.ts";
import { startWorker } from "@draftmill/worker/start.ts";
import { deadlyLedger } from "./deadly-ledger.ts";

process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();

// A limit on the size of files stands for a full disk: the write then fails, where the signal would end the process.
process.on("SIGXFSZ", () => {});

const { STRIKE_ORDER = "", CLOCK_OFFSET_MS = "0", ...environment } = process.env;
const offsetMs = Number(CLOCK_OFFSET_MS);
const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + offsetMs };

if (process.argv[2] === "api") await import("@draftmill/api/main.ts");
else
  await runProcess("worker", () =>
    startWorker(environment, {
      clock,
      openStore: async (url, options) => deadlyLedger(await openLedger(url, options), STRIKE_ORDER),
    }),
  );
