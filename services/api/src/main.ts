import { runProcess } from "@draftmill/shared/run-process.ts";
import { startApi } from "./start.ts";

void runProcess("api", () => startApi(process.env));
