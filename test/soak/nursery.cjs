/**
 * Starts processes for a process that is large, which a fork takes ten times as long as this one (measured: 12 ms in place of 1), and tells it what
 * they say and how they end. Plain JavaScript, as what strips types would make it large as well. All that it has started is killed when the other
 * side goes away.
 */
const { spawn } = require("node:child_process");
const { createInterface } = require("node:readline");

const children = new Map();

process.on("message", ({ id, args, environment, signal }) => {
  if (signal !== undefined) return children.get(id)?.kill(signal);
  const child = spawn(process.execPath, args, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  children.set(id, child);
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => tell({ id, line }));
  }
  child.once("error", (error) => {
    tell({ id, line: String(error) });
    end(id, null);
  });
  child.once("exit", (code) => end(id, code));
});
process.once("disconnect", () => {
  for (const child of children.values()) child.kill("SIGKILL");
});

function end(id, exitCode) {
  if (children.delete(id)) tell({ id, exitCode });
}

function tell(message) {
  if (process.connected) process.send(message);
}
