import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readText, shellCommands } from "../support/readme.ts";

/** How a command of the README is put to the test. */
export type Proof =
  /** Run as it stands; only the three addresses are those of the stack that this test started. Output must match. */
  | { readonly how: "run"; readonly prints: RegExp; readonly needs?: "gcloud" }
  /** Started by a test below, on free ports and in a folder of its own. */
  | { readonly how: "serve" }
  /** Parsed by gcloud's own linter. Nothing is sent. */
  | { readonly how: "lint" }
  /** The lockfile satisfies it, without a download. */
  | { readonly how: "install" }
  /** Runs this test, so that it is only checked to exist. */
  | { readonly how: "script"; readonly path: string };

export const PROOFS: readonly { readonly starts: string; readonly proof: Proof }[] = [
  { starts: "npm ci", proof: { how: "install" } },
  { starts: "npm start", proof: { how: "serve" } },
  {
    starts: "curl -X POST http://127.0.0.1:8080/ -H 'Content-Type: application/json' -d '{\"to\":\"dest",
    proof: { how: "run", prints: /^\{"status":"ok","draft_id":"r-?\d+"\}\nHTTP 200/ },
  },
  {
    starts: "curl -i -X POST http://127.0.0.1:8080/v1/drafts ",
    proof: { how: "run", prints: /location: \/v1\/drafts\/(\S+)\r\n[\s\S]*\{"id":"\1","status":"queued"\}\nHTTP 202/ },
  },
  {
    starts: "curl -H 'Prefer: wait=20' http://127.0.0.1:8080/v1/drafts/",
    proof: { how: "run", prints: /"status":"created"[\s\S]*"subject":"Welcome"[\s\S]*HTTP 200/ },
  },
  {
    starts: "curl 'http://127.0.0.1:8080/v1/drafts?state=created",
    proof: { how: "run", prints: /^\{"items":\[\{[\s\S]*HTTP 200/ },
  },
  {
    starts: "curl -X POST http://127.0.0.1:8080/v1/batches ",
    proof: { how: "run", prints: /^\{"id":"[\w-]+","accepted":2,"rejected":0,[\s\S]*HTTP 202/ },
  },
  {
    starts: "curl 'http://127.0.0.1:8080/v1/batches?limit=5'",
    proof: { how: "run", prints: /"name":"Autumn"[\s\S]*HTTP 200/ },
  },
  {
    starts: "npx draftmill draft ",
    proof: { how: "run", prints: /^status +created$/m },
  },
  {
    starts:
      "printf 'Email,First Name,Plan\\nada@example.com,Ada,Gold\\n' | npx draftmill import - --map to=Email --subject",
    proof: { how: "run", prints: /^(?:[\w-]+|1 row: 1 fit\.)$/m },
  },
  { starts: "npx draftmill failures", proof: { how: "run", prints: /^Nothing has failed\.$/m } },
  {
    starts: "printf 'Email,First Name,Plan",
    proof: { how: "run", prints: /"rows":2,"accepted":2,"rejected":0,[\s\S]*HTTP 20[02]/ },
  },
  {
    starts: "curl -X POST http://127.0.0.1:8085/v1/projects/draftmill-local/topics/draft-requests:publish ",
    proof: { how: "run", prints: /"messageIds":\s*\["\d+"\][\s\S]*HTTP 200/ },
  },
  {
    starts: "CLOUDSDK_API_ENDPOINT_OVERRIDES_PUBSUB=http://127.0.0.1:8085/ ",
    proof: { how: "run", prints: /messageIds:\n- '\d+'/, needs: "gcloud" },
  },
  {
    starts: "curl -X POST http://127.0.0.1:8086/_sandbox/faults ",
    proof: { how: "run", prints: /"pending":\[\{[\s\S]*HTTP 201/ },
  },
  {
    starts: "curl -X POST http://127.0.0.1:8080/ -H 'Content-Type: application/json' -d '{\"mailbox\":\"grace",
    proof: { how: "run", prints: /"code":"DELEGATION_MISSING"[\s\S]*HTTP 503/ },
  },
  {
    starts: "curl http://127.0.0.1:8086/_sandbox/faults",
    proof: { how: "run", prints: /"pending":\[\][\s\S]*"operations":\[[\s\S]*HTTP 200/ },
  },
  {
    starts: "curl 'http://127.0.0.1:8080/v1/failures?groupBy=code,mailbox'",
    proof: { how: "run", prints: /"count":1,"byState":\{"parked":1\},"code":"DELEGATION_MISSING"[\s\S]*HTTP 200/ },
  },
  {
    starts: "curl -s http://127.0.0.1:8080/metrics",
    proof: { how: "run", prints: /^draftmill_requests\{state="created"\} \d+$[\s\S]*HTTP 200/m },
  },
  {
    starts: "curl 'http://127.0.0.1:8080/v1/incidents?",
    proof: { how: "run", prints: /"status":"open","mailbox":"grace@example.com"[\s\S]*HTTP 200/ },
  },
  {
    starts:
      'curl -X POST http://127.0.0.1:8080/v1/replays -H \'Content-Type: application/json\' -d \'{"filter":{"code":"DELEGATION_MISSING"},"dryRun"',
    proof: { how: "run", prints: /^\{"matching":1,"requeueable":1,"skipped":\{\},[\s\S]*HTTP 200/ },
  },
  {
    starts:
      'curl -X POST http://127.0.0.1:8080/v1/replays -H \'Content-Type: application/json\' -d \'{"filter":{"code":"DELEGATION_MISSING"}}',
    proof: { how: "run", prints: /"status":"running"[\s\S]*HTTP 202/ },
  },
  {
    starts: "curl http://127.0.0.1:8080/callers.schema.json",
    proof: { how: "run", prints: /"title":"Callers"[\s\S]*HTTP 200/ },
  },
  { starts: "gcloud ", proof: { how: "lint" } },
  { starts: "GMAIL_USER=rep@corp.example ", proof: { how: "serve" } },
  { starts: "AUTH_MODE=none HOST=127.0.0.1 PORT=8080 ", proof: { how: "serve" } },
  { starts: "PORT=8081 ", proof: { how: "serve" } },
  { starts: "npm test", proof: { how: "script", path: "package.json" } },
  { starts: "npm run check", proof: { how: "script", path: "package.json" } },
  { starts: "bash .ci/run", proof: { how: "script", path: ".ci/run" } },
];

/** The README's commands, each with its row; none where the table has no row for it. */
export const COMMANDS = shellCommands(readText("README.md")).map(({ command }) => {
  const row = PROOFS.find(({ starts }) => command.startsWith(starts));
  return { command, row };
});

/** The README's one command that starts this way. */
export function commandThat(starts: string): string {
  const found = COMMANDS.filter(({ command }) => command.startsWith(starts));
  assert.equal(found.length, 1, `the README has ${found.length} commands that start with: ${starts}`);
  return found[0]?.command ?? "";
}

/** The first group of the pattern; fails with the text where nothing fits. */
export function firstIn(text: string, pattern: RegExp): string {
  const [, group = ""] = pattern.exec(text) ?? [];
  assert.notEqual(group, "", `nothing fits ${pattern} in:\n${text}`);
  return group;
}

/** A home folder of its own and an environment with nothing else in it: whatever the tools write goes away with it. */
export interface ReaderHome {
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  remove(): Promise<void>;
}

export async function openReaderHome(): Promise<ReaderHome> {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-readme-"));
  await writeFile(join(folder, ".curlrc"), CURL_SETTINGS);
  return {
    folder,
    environment: {
      PATH: process.env.PATH,
      HOME: folder,
      CURL_HOME: folder,
      CLOUDSDK_CONFIG: join(folder, "gcloud"),
      CLOUDSDK_CORE_DISABLE_PROMPTS: "1",
      CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: "true",
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

const CURL_SETTINGS = 'silent\nshow-error\nmax-time = 40\nwrite-out = "\\nHTTP %{http_code}\\n"\n';
