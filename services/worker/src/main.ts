import { runProcess } from "@draftmill/shared/run-process.ts";
import { startWorker } from "./start.ts";

await runProcess("worker", () => startWorker(process.env));
