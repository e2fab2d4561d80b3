import { relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { runProcess } from "@draftmill/shared/run-process.ts";
import { banner } from "./banner.ts";
import { eventPrinter } from "./event-printer.ts";
import { portOrAny } from "./free-port.ts";
import { startLocalStack } from "./local-stack.ts";
import { realGoogleSettings } from "./real-google.ts";
import { lockFolder } from "./single-instance.ts";

const HELP = `Usage: npm start -- [options]

Runs Draftmill on this machine: api, worker, an embedded Pub/Sub and a sandbox Google.

  --data DIR    where state lives (default: ./data); delete the folder to start anew
  --port PORT   the api's port (default: 8080, or a free one if it is taken)
  --verbose     print every event of the services, not only what went wrong
  --help        this text

With GMAIL_USER and GOOGLE_SERVICE_ACCOUNT_EMAIL in the environment the drafts go to the real Gmail of that user.
With PUBSUB_EMULATOR_HOST set, that Pub/Sub is used in place of the embedded one.
`;

const { values } = parseArgs({
  options: {
    data: { type: "string", default: "data" },
    port: { type: "string", default: "8080" },
    verbose: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  process.stdout.write(HELP);
} else {
  await runProcess("local", start, (error) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  });
}

async function start(): Promise<{ close(): Promise<void> }> {
  const startedMs = performance.now();
  const dataDir = resolve(values.data);
  const lock = lockFolder(dataDir, process.pid);
  const realGoogle = realGoogleSettings(process.env);
  const emulator = process.env.PUBSUB_EMULATOR_HOST;
  const [api, worker, pubsub, google] = await Promise.all([
    portOrAny(Number(values.port)),
    portOrAny(8081),
    portOrAny(8085),
    portOrAny(8086),
  ]);
  const level = values.verbose ? "debug" : "info";
  const stack = await startLocalStack({
    dataDir,
    ports: { api, worker, pubsub, google },
    realGoogle,
    environment: { LOG_LEVEL: process.env.LOG_LEVEL ?? level },
    ...(emulator === undefined ? {} : { pubsubEmulatorHost: emulator }),
    onEvent: eventPrinter(process.stdout, values.verbose),
  });
  lock.describe(stack.apiUrl);
  process.stdout.write(
    banner(stack, { dataDir: relative(".", dataDir) || ".", tookMs: performance.now() - startedMs }),
  );
  return {
    async close() {
      process.stdout.write("\nStopping…\n");
      await stack.close();
      lock.release();
      process.stdout.write("Stopped. What was queued is kept and goes on at the next start.\n");
    },
  };
}
