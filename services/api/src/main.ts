import { runProcess } from "@draftmill/shared/run-process.ts";
import { startApi } from "./start.ts";

await runProcess("api", () => startApi(process.env));
