import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger, traceFields } from "@draftmill/shared/log.ts";

function collected(): { lines: Record<string, unknown>[]; write(line: string): void } {
  const lines: Record<string, unknown>[] = [];
  return { lines, write: (line) => lines.push(JSON.parse(line)) };
}

test("a line is what Cloud Logging reads as a structured entry", () => {
  const out = collected();
  createLogger("worker", "debug", out).warn({ status: 503 }, "draft.settled");
  const { time, ...rest } = out.lines[0] ?? {};
  assert.deepEqual(rest, { severity: "WARNING", service: "worker", status: 503, message: "draft.settled" });
  assert.equal(new Date(String(time)).toISOString(), time);
});

test("each level has Cloud Logging's name, and those below the least are left out", () => {
  const out = collected();
  const log = createLogger("worker", "info", out);
  for (const level of ["trace", "debug", "info", "warn", "error", "fatal"] as const) log[level]("x");
  assert.deepEqual(
    out.lines.map(({ severity }) => severity),
    ["INFO", "WARNING", "ERROR", "CRITICAL"],
  );
});

test("of an error it writes kind, words and stack, and nothing that hangs on the object", () => {
  const out = collected();
  const error = Object.assign(new TypeError("broken"), {
    config: { data: "the mail" },
    response: { data: "the mail" },
  });
  createLogger("worker", "info", out).error({ err: error }, "failed");
  const { err } = out.lines[0] ?? {};
  assert.deepEqual(Object.keys(Object(err)).toSorted(), ["message", "stack", "type"]);
  assert.doesNotMatch(JSON.stringify(out.lines), /the mail/);
});

test("a line is tied to the caller's trace, if that is well-formed", () => {
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const span = "00f067aa0ba902b7";
  assert.deepEqual(traceFields(`00-${trace}-${span}-01`, "demo"), {
    "logging.googleapis.com/trace": `projects/demo/traces/${trace}`,
    "logging.googleapis.com/spanId": span,
  });
  assert.equal(traceFields(`00-${trace}-${span}-01`, undefined)["logging.googleapis.com/trace"], trace);
  for (const bad of [
    undefined,
    "",
    "00",
    `00-${trace}`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-x${trace}-${span}-01`,
  ]) {
    assert.deepEqual(traceFields(bad, "demo"), {});
  }
});
