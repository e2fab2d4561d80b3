import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

interface Started {
  readonly child: ChildProcess;
  readonly banner: string;
  readonly apiUrl: string;
  readonly mailboxesUrl: string;
  /** Sends what Ctrl-C sends and resolves with the exit code. */
  interrupt(): Promise<number | null>;
}

/** `npm start` without npm: the script it runs, on free ports. */
async function npmStart(t: TestContext, dataDir: string, env: Record<string, string> = {}): Promise<Started> {
  const child = spawn(process.execPath, ["infra/local/main.ts", "--data", dataDir, "--port", "0"], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  t.after(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  let text = "";
  const banner = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      text += chunk.toString("utf8");
      if (text.includes("Stop with Ctrl-C")) resolve(text);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
  const urlOf = (label: string): string => new RegExp(`${label}\\s+(\\S+)`).exec(banner)?.[1] ?? "";
  return {
    child,
    banner,
    apiUrl: urlOf("API"),
    mailboxesUrl: urlOf("Mailboxes"),
    async interrupt() {
      // As a terminal does: to the whole process group.
      process.kill(-(child.pid ?? Number.NaN), "SIGINT");
      const code = await exited;
      assert.match(text, /Stopped\./);
      assert.doesNotMatch(text, /died/);
      return code;
    },
  };
}

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The commands that the banner prints for pasting, without the one that needs gcloud. */
function curlsOf(banner: string): readonly [first: string, second: string] {
  const [first, second, ...more] = banner.split("\n").filter((line) => line.startsWith("  curl "));
  assert.ok(first !== undefined && second !== undefined && more.length === 0, banner);
  return [first, second];
}

/** What a producer publishes has a record from its first delivery on, which may be after the restart. */
async function recordOf(url: string): Promise<Response> {
  const found = await fetch(url, { headers: { prefer: "wait=20" }, signal: AbortSignal.timeout(30_000) });
  return found.status === 404 ? recordOf(url) : found;
}

describe("npm start", { timeout: 120_000 }, () => {
  it("prints commands that make drafts when pasted, stops on Ctrl-C and finds its state again", async (t) => {
    const dataDir = await newFolder(t);
    const first = await npmStart(t, dataDir);
    const [post, publish] = curlsOf(first.banner);
    const posted = JSON.parse((await run("sh", ["-c", `${post} --silent --fail`])).stdout);
    assert.equal(posted.status, "ok");
    const { messageIds } = JSON.parse((await run("sh", ["-c", `${publish} --silent --fail`])).stdout);
    const settled = await fetch(`${first.apiUrl}/v1/drafts?state=created`);
    assert.equal(settled.status, 200);
    assert.equal(await first.interrupt(), 0);

    const second = await npmStart(t, dataDir);
    const view: unknown = await (await recordOf(`${second.apiUrl}/v1/drafts/${messageIds[0]}`)).json();
    assert.ok(typeof view === "object" && view !== null && "status" in view);
    assert.equal(view.status, "created");
    const page = await (await fetch(`${second.mailboxesUrl}/mailboxes/ada@example.com`)).text();
    assert.ok(page.includes("Réunion d&#39;équipe") || page.includes("Réunion d'équipe"), page.slice(0, 2_000));
    assert.equal(await second.interrupt(), 0);
  });

  it("refuses a second start on the same folder and says where the first one runs", async (t) => {
    const dataDir = await newFolder(t);
    const first = await npmStart(t, dataDir);
    await assert.rejects(npmStart(t, dataDir), (error: Error) => {
      assert.match(error.message, /ended with 1: Draftmill already runs on/);
      assert.ok(error.message.includes(first.apiUrl), error.message);
      return true;
    });
    assert.equal(await first.interrupt(), 0);
  });

  it("leaves no service behind when it is killed", async (t) => {
    const first = await npmStart(t, await newFolder(t));
    first.child.kill("SIGKILL");
    const gone = async (): Promise<boolean> => {
      try {
        await fetch(`${first.apiUrl}/health/live`, { signal: AbortSignal.timeout(1_000) });
        return false;
      } catch {
        return true;
      }
    };
    while (!(await gone())) await new Promise((turn) => setImmediate(turn));
  });
});
