// Run as a process of its own: starts the service that it is told and prints every file that was loaded by then.
import { registerHooks } from "node:module";

const loaded: string[] = [];
registerHooks({
  load(url, context, next) {
    loaded.push(url);
    return next(url, context);
  },
});
const silent = { ...process.env, LOG_LEVEL: "silent" };
if (process.argv[2] === "api") await (await import("@draftmill/api/start.ts")).startApi(silent);
else await (await import("@draftmill/worker/start.ts")).startWorker(silent);
process.stdout.write(JSON.stringify(loaded), () => process.exit(0));
