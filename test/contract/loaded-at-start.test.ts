import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { ROOT } from "../support/readme.ts";

const ENVIRONMENT = {
  HOST: "127.0.0.1",
  PORT: "0",
  GMAIL_USER: "ada@example.com",
  GOOGLE_CLOUD_PROJECT: "p",
  PUBSUB_EMULATOR_HOST: "127.0.0.1:9",
  FIRESTORE_EMULATOR_HOST: "127.0.0.1:9",
  AUTH_MODE: "none",
  PUSH_AUTH_MODE: "none",
};

/** What one service loads before it listens may grow by what a cold start is worth; then the budget grows with it. */
const STARTS = {
  "the api": { service: "api", ledger: "firestore:", files: 705 },
  "the worker": { service: "worker", ledger: "firestore:", files: 770 },
  "the worker with SQLite": { service: "worker", ledger: "sqlite:ledger.db", files: 750 },
} as const;

/** Only when they are needed, or a moment after the start: Pub/Sub's client, templates, files. */
const NEVER = ["@google-cloud/pubsub", "google-gax", "@grpc/grpc-js", "protobufjs", "liquidjs", "csv-parse"];

for (const [what, { service, ledger, files }] of Object.entries(STARTS)) {
  test(`${what} loads nothing before it listens that it does not need by then`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "draftmill-loaded-"));
    t.after(() => rm(folder, { recursive: true }));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(ROOT, "test/support/loaded-at-start.ts"), service],
      { cwd: folder, env: { ...ENVIRONMENT, LEDGER_URL: ledger }, maxBuffer: 10_000_000, timeout: 60_000 },
    );
    const loaded = (JSON.parse(stdout) as string[]).filter((url) => url.startsWith("file:"));
    const packages = Map.groupBy(loaded, (url) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? "our own");
    assert.ok(packages.has("fastify") && packages.has("our own"));
    assert.deepEqual(
      NEVER.filter((name) => packages.has(name)),
      [],
    );
    const most = [...packages].toSorted(([, a], [, b]) => b.length - a.length).slice(0, 12);
    t.diagnostic(`${loaded.length} files: ${most.map(([name, { length }]) => `${name} ${length}`).join(", ")}`);
    assert.ok(loaded.length <= files, `${loaded.length} files, ${files} at most`);
  });
}
