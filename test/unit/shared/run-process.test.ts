import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";

const PROBE = fileURLToPath(new URL("./a-process.ts", import.meta.url));

interface Probe {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  readonly exited: Promise<number | null>;
  /** Until it has said a line that is or holds the text. */
  said(text: string): Promise<string>;
}

function run(t: TestContext, behaviour: string): Probe {
  const child = spawn(process.execPath, [PROBE, behaviour], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const lines: string[] = [];
  const heard = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    for (const look of heard) look();
  });
  return {
    child,
    lines,
    exited: once(child, "close").then(([code]: (number | null)[]) => code ?? null),
    said: (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          const line = lines.find((one) => one.includes(text));
          if (line !== undefined) resolve(line);
        };
        heard.add(look);
        look();
      }),
  };
}

describe("a service as a process", { concurrency: true, timeout: 60_000 }, () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`closes on ${signal} and exits 0`, async (t) => {
      const { child, lines, exited, said } = run(t, "closes");
      await said("up");
      child.kill(signal);
      assert.equal(await exited, 0);
      assert.deepEqual(lines, ["up", "closing"]);
    });
  }

  it("obeys a signal that comes during the start as soon as it has started", async (t) => {
    const { child, lines, exited, said } = run(t, "starts-slowly");
    await said("starting");
    child.kill("SIGTERM");
    child.stdin?.write("go on");
    assert.equal(await exited, 0);
    assert.deepEqual(lines, ["starting", "up", "closing"]);
  });

  it("closes once when npm and the terminal both pass the same Ctrl-C on", async (t) => {
    const { child, lines, exited, said } = run(t, "hangs");
    await said("up");
    child.kill("SIGINT");
    await said("closing");
    child.kill("SIGINT");
    child.kill("SIGTERM");
    const outcome = await Promise.race([exited, said("stopped-late").then(() => "was left to close")]);
    assert.equal(outcome, "was left to close");
    assert.equal(lines.filter((line) => line === "closing").length, 1);
  });

  it("exits 1 within Cloud Run's ten seconds when closing hangs, and says so", async (t) => {
    const { child, exited, said } = run(t, "hangs");
    await said("up");
    const startedMs = performance.now();
    child.kill("SIGTERM");
    assert.equal(await exited, 1);
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs > 8_500 && tookMs < 10_000, `${Math.round(tookMs)} ms`);
    assert.match(await said("probe.stopped-late"), /"severity":"ERROR"/);
  });

  it("exits 1 when closing fails, and says why", async (t) => {
    const { child, exited, said } = run(t, "breaks");
    await said("up");
    child.kill("SIGTERM");
    assert.equal(await exited, 1);
    assert.match(await said("probe.stopped-uncleanly"), /the topic does not close/);
  });

  it("refuses to start with 1 and lists every problem of its environment", async (t) => {
    const { lines, exited } = run(t, "refuses");
    assert.equal(await exited, 1);
    assert.equal(lines.length, 1);
    const event: { severity: string; message: string; problems: string[] } = JSON.parse(lines[0] ?? "");
    assert.equal(event.severity, "CRITICAL");
    assert.equal(event.message, "probe.refused-to-start");
    assert.deepEqual(event.problems, ["PORT must be a number", "HOST is required"]);
  });

  it("fails to start with 1 and tells of the error its words alone", async (t) => {
    const { lines, exited } = run(t, "fails");
    assert.equal(await exited, 1);
    const event: { message: string; err: { type: string; message: string } } = JSON.parse(lines[0] ?? "");
    assert.equal(event.message, "probe.failed-to-start");
    assert.equal(event.err.message, "the port is taken");
    assert.doesNotMatch(lines.join(), /a mail/);
  });
});
