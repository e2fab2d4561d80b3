import { runProcess } from "@draftmill/shared/run-process.ts";
import { startWorker } from "./start.ts";

void runProcess("worker", () => startWorker(process.env));
