import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type SandboxGoogle, startGoogle } from "@draftmill/local/google/start-google.ts";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";
import { ApiProcess } from "../unit/api/api-process.ts";
import { MAILBOX, REQUEST } from "../unit/api/api-under-test.ts";

const AUDIENCE = "https://draftmill-api-12345.europe-west1.run.app";
const DAY_MS = 86_400_000;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly code: string | undefined;
}

/** A sandbox Google that makes the tokens, an embedded Pub/Sub, a file of callers, and api processes over them. */
async function setUp(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-callers-"));
  const signer = await createIdTokenSigner();
  const google = await startGoogle({ statePath: ":memory:", signer });
  const pubsub = await startPubsub({ statePath: ":memory:", signer });
  await fetch(`${pubsub.url}/v1/projects/demo/topics/draft-requests`, { method: "PUT", body: "{}" });
  const path = join(folder, "callers.json");
  const apis: ApiProcess[] = [];
  t.after(async () => {
    for (const api of apis) {
      api.child.kill("SIGKILL");
      await api.exited;
    }
    await pubsub.close();
    await google.close();
    await rm(folder, { recursive: true });
  });
  return {
    google,
    async write(callers: readonly object[] | string): Promise<void> {
      const text = typeof callers === "string" ? callers : JSON.stringify({ callers });
      await writeFile(`${path}.new`, text);
      await rename(`${path}.new`, path);
    },
    async start(environment: Record<string, string>) {
      const api = new ApiProcess({
        ...google.environment(),
        PORT: "0",
        HOST: "127.0.0.1",
        GMAIL_USER: MAILBOX,
        GOOGLE_CLOUD_PROJECT: "demo",
        PUBSUB_EMULATOR_HOST: pubsub.hostPort,
        LEDGER_URL: `sqlite:${join(folder, "ledger.db")}`,
        AUTH_AUDIENCE: AUDIENCE,
        CALLERS_FILE: path,
        ...environment,
      });
      apis.push(api);
      const { url } = await api.logged("api.started");
      return { api, url: String(url) };
    },
  };
}

/** An identity token as a service on Google Cloud gets one. */
async function identityToken(google: SandboxGoogle, query = `audience=${AUDIENCE}&format=full`): Promise<string> {
  const url = `${google.url}/computeMetadata/v1/instance/service-accounts/default/identity?${query}`;
  return (await fetch(url, { headers: { "metadata-flavor": "Google" } })).text();
}

async function submit(url: string, token: string, body: object = REQUEST): Promise<Answer> {
  const answer = await fetch(`${url}/v1/drafts`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const { code } = (await answer.json()) as { code?: string };
  return { status: answer.status, headers: answer.headers, code };
}

async function isInForce(url: string): Promise<boolean | undefined> {
  const { status, checks } = (await (await fetch(`${url}/health/ready`)).json()) as {
    status: string;
    checks: { callers?: boolean };
  };
  assert.equal(status, "ready");
  return checks.callers;
}

const caller = (google: SandboxGoogle, changes: object = {}): object => ({
  caller: google.serviceAccount,
  mailboxes: [MAILBOX],
  role: "submit",
  requestsPerSecond: 10_000,
  ...changes,
});

test("oidc: a service's own token gets in, and the policy is changed, broken and mended while calls run", {
  timeout: 120_000,
}, async (t) => {
  const { google, write, start } = await setUp(t);
  await write([caller(google)]);
  const { api, url } = await start({ AUTH_MODE: "oidc" });
  const token = await identityToken(google);
  const first = await submit(url, token);
  assert.equal(first.status, 202);
  assert.equal(first.headers.get("ratelimit-policy"), '"requests";q=10000;w=1');
  assert.equal((await submit(url, await identityToken(google, `audience=${AUDIENCE}`))).status, 401, "no address");
  assert.equal((await submit(url, await identityToken(google, "audience=https://a.example&format=full"))).status, 401);

  /** Calls until one is answered otherwise; everything before is answered as it was. */
  const until = async (status: number, before: number): Promise<void> => {
    for (;;) {
      const answers = await Promise.all(Array.from({ length: 5 }, () => submit(url, token)));
      const statuses = answers.map((answer) => answer.status);
      assert.ok(
        statuses.every((one) => one === status || one === before),
        statuses.join(),
      );
      if (statuses.at(-1) === status) return;
    }
  };
  await write([caller(google, { caller: "someone@demo.iam.gserviceaccount.com" })]);
  await until(403, 202);
  await write('{"callers":[{"caller":"nobody","role":"king"}],"allow":"all"}');
  const refused = await api.logged("callers.refused");
  assert.deepEqual(
    (refused.problems as { pointer: string }[]).map(({ pointer }) => pointer),
    ["/allow", "/callers/0/mailboxes", "/callers/0/role", "/callers/0/caller"],
  );
  assert.equal(await isInForce(url), false);
  assert.equal((await submit(url, token)).code, "CALLER_NOT_ALLOWED", "the policy before it goes on");
  await write([caller(google)]);
  await until(202, 403);
  assert.equal(await isInForce(url), true);
  const events = api.lines.filter((line) => line.includes("request.completed"));
  assert.ok(events.length > 5 && !events.some((line) => line.includes("@")), "an address is in the log");
  api.child.kill("SIGTERM");
  assert.equal(await api.exited, 0, api.lines.join("\n"));
});

test("iam: what Cloud Run lets through gets in without its signature, and oidc refuses the same token", {
  timeout: 90_000,
}, async (t) => {
  const { google, write, start } = await setUp(t);
  await write([caller(google)]);
  const token = await identityToken(google);
  const removed = `${token.slice(0, token.lastIndexOf("."))}.SIGNATURE_REMOVED_BY_GOOGLE`;
  const iam = await start({ AUTH_MODE: "iam", K_SERVICE: "draftmill-api" });
  assert.equal((await submit(iam.url, removed)).status, 202);
  const oidc = await start({ AUTH_MODE: "oidc" });
  assert.equal((await submit(oidc.url, removed)).status, 401);
  assert.equal((await submit(oidc.url, token)).status, 202);
});

test("none with ALLOW_UNAUTHENTICATED: every start warns of it", { timeout: 60_000 }, async (t) => {
  const { start } = await setUp(t);
  const { api } = await start({ AUTH_MODE: "none", ALLOW_UNAUTHENTICATED: "true", CALLERS_FILE: "" });
  assert.equal((await api.logged("api.unauthenticated")).severity, "WARNING");
});

test("a start without a policy that can be used names every fault and exits", { timeout: 60_000 }, async (t) => {
  const { write, start } = await setUp(t);
  await write('{"callers":[{"caller":"nobody","mailboxes":[]}]}');
  await assert.rejects(start({ AUTH_MODE: "oidc" }), (error) => {
    assert.match(String(error), /api\.refused-to-start/);
    assert.match(String(error), /CALLERS_FILE at \/callers\/0\/role/);
    assert.match(String(error), /CALLERS_FILE at \/callers\/0\/caller/);
    return true;
  });
});

test("drafts of a day over two processes on one ledger: never more than the limit, and a kill -9 costs a hundredth", {
  timeout: 120_000,
}, async (t) => {
  const limit = 200;
  const { google, write, start } = await setUp(t);
  await write([caller(google, { draftsPerDay: limit })]);
  const [one, two] = [await start({ AUTH_MODE: "oidc" }), await start({ AUTH_MODE: "oidc" })];
  const token = await identityToken(google);
  const day = (): number => Math.floor(Date.now() / DAY_MS);
  const begun = day();
  /** How many of `count` calls, ten at a time, were accepted. */
  const accepted = async (url: string, count: number): Promise<number> => {
    let passed = 0;
    let left = count;
    const lane = async (): Promise<void> => {
      while (left-- > 0) {
        const { status, code } = await submit(url, token);
        if (status === 202) passed += 1;
        else assert.equal(code, "DRAFTS_PER_DAY_EXCEEDED");
      }
    };
    await Promise.all(Array.from({ length: 10 }, lane));
    return passed;
  };
  const both = await Promise.all([accepted(one.url, 61), accepted(two.url, 60)]);
  one.api.child.kill("SIGKILL");
  await once(one.api.child, "exit");
  const total = both[0] + both[1] + (await accepted(two.url, 150));
  const days = 1 + day() - begun;
  assert.ok(total <= limit * days, `${total} drafts of ${limit}`);
  if (days === 1) assert.ok(total >= limit - limit / 100, `${total} drafts of ${limit}`);
  const refused = await submit(two.url, token);
  if (days === 1) assert.equal(refused.status, 429);
  t.diagnostic(`${total} drafts of ${limit} after a kill -9`);
});
