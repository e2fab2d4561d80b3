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
  --port PORT   the api's port (default: 8080, or a free one if it is taken); 0 takes free ones for everything
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
  if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535) {
    throw new Error(`--port must be a whole number from 0 to 65535, and is ${JSON.stringify(values.port)}`);
  }
  const usual = values.port === "0" ? [0, 0, 0, 0] : [Number(values.port), 8081, 8085, 8086];
  const [api = 0, worker = 0, pubsub = 0, google = 0] = await Promise.all(usual.map(portOrAny));
  const level = values.verbose ? "debug" : "info";
  const events = process.env.EVENTS_TOPIC;
  const eventsSettings: Record<string, string> = events ? { EVENTS_TOPIC: events } : {};
  const stack = await startLocalStack({
    dataDir,
    ports: { api, worker, pubsub, google },
    realGoogle,
    environment: { LOG_LEVEL: process.env.LOG_LEVEL ?? level, ...eventsSettings },
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
