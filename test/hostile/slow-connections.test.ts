import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { startTestStack, type TestStack } from "../support/local-stack.ts";
import { openRaw, type RawConnection } from "./raw-connection.ts";

const IDLE_CONNECTIONS = 10_000;
/** Descriptors that a process needs beside its connections. */
const SPARE_DESCRIPTORS = 300;
/** What thousands of connections may cost the api at most, in all. */
const GROWTH_MAX_BYTES = 400 * 1024 * 1024;
const DRIBBLERS = 50;

/** How many connections this process and its children may hold: children inherit the limit, which Node has raised. */
function connectionsAtMost(): number {
  const [, soft = "0"] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  return Math.min(IDLE_CONNECTIONS, Number(soft) - SPARE_DESCRIPTORS);
}

/** Resident memory of a process. */
function residentBytes(pid: number): number {
  const [, kilobytes = "0"] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}

const isLinux = process.platform === "linux";

describe("connections that take their time", { timeout: 170_000, concurrency: true }, () => {
  let stack: TestStack;
  let host = "";
  before(async () => {
    stack = await startTestStack();
    ({ host } = new URL(stack.apiUrl));
  });
  after(() => stack.finish());

  /** Writes a character of `text`, if there is any, each second on each connection until it is closed; the seconds that the last one lasted. */
  async function dribble(connections: readonly RawConnection[], text: string): Promise<number> {
    const startedMs = performance.now();
    let at = 0;
    const timer = setInterval(() => {
      const byte = text.charAt(at % text.length);
      at += 1;
      for (const connection of connections) if (!connection.isClosed()) connection.write(byte);
    }, 1_000);
    await Promise.all(connections.map(({ closed }) => closed));
    clearInterval(timer);
    return Math.round((performance.now() - startedMs) / 1_000);
  }

  const SLOW: readonly (readonly [string, string, string])[] = [
    ["that say nothing at all", "", ""],
    ["whose headers never end", "POST /v1/drafts HTTP/1.1\r\nX-A: ", "slow"],
    [
      "whose body never ends",
      "POST /v1/drafts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{",
      " ",
    ],
    [
      "whose chunks never end",
      "POST /v1/drafts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n{",
      " ",
    ],
    [
      "whose second request never ends",
      "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\nPOST /v1/drafts HTTP/1.1\r\nX-A: ",
      "slow",
    ],
  ];

  for (const [what, begun, rest] of SLOW) {
    it(`closes connections ${what}, and says so`, async (t) => {
      const connections = await Promise.all(Array.from({ length: DRIBBLERS }, () => openRaw(stack.apiUrl, t)));
      for (const connection of connections) connection.write(begun);
      const seconds = await dribble(connections, rest);
      t.diagnostic(`${DRIBBLERS} of ${DRIBBLERS} closed after ${seconds} s`);
      for (const connection of connections) {
        const answer = connection.answers().at(-1);
        assert.equal(answer?.status, 408);
        assert.equal(JSON.parse(answer.body).code, "REQUEST_INCOMPLETE");
      }
    });
  }

  it("goes on answering beside thousands of idle connections, in bounded memory", {
    skip: !isLinux && "no /proc here",
  }, async (t) => {
    const pid = stack.api.pid();
    const beforeBytes = residentBytes(pid);
    const count = connectionsAtMost();
    const sockets: Socket[] = [];
    t.after(() => {
      for (const socket of sockets) socket.destroy();
    });
    const port = Number(new URL(stack.apiUrl).port);
    // One request each, so that they idle between two requests: the time for a first one would soon be over.
    const ask = `GET /health/live HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const open = (): Promise<void> =>
      new Promise((answered, failed) => {
        const socket = connect({ host: "127.0.0.1", port }, () => socket.write(ask));
        sockets.push(socket);
        socket.once("data", () => answered()).once("error", failed);
      });
    for (let opened = 0; opened < count; opened += 250) {
      await Promise.all(Array.from({ length: Math.min(250, count - opened) }, open));
    }
    const fullBytes = residentBytes(pid);
    const alive = sockets.filter(({ destroyed, readyState }) => !destroyed && readyState === "open").length;
    const startedMs = performance.now();
    const { status, body } = await stack.post(
      "/v1/drafts",
      { to: "a@example.com", subject: "s", message: "m" },
      { prefer: "wait=30" },
    );
    const answeredMs = Math.round(performance.now() - startedMs);
    assert.equal(`${status} ${body.status}`, "201 created");
    const inMb = (bytes: number): number => Math.round(bytes / 1024 / 1024);
    t.diagnostic(
      `${alive} of ${count} open, a draft meanwhile in ${answeredMs} ms, resident ${inMb(beforeBytes)} MB before and ${inMb(fullBytes)} MB with them`,
    );
    assert.ok(alive > count * 0.9, `only ${alive} of ${count} are open`);
    assert.ok(
      fullBytes - beforeBytes < GROWTH_MAX_BYTES,
      `${inMb(fullBytes - beforeBytes)} MB for ${count} connections`,
    );
  });
});
