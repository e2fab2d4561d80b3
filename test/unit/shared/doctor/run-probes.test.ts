import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import { CannotTell, ok, type Probe, type Verdict, warning, wrong } from "@draftmill/shared/doctor/probe.ts";
import { exitCodeOf, makeReport } from "@draftmill/shared/doctor/report.ts";
import { runProbes } from "@draftmill/shared/doctor/run-probes.ts";

function probe(id: string, needs: readonly string[], run: Probe<null>["run"]): Probe<null> {
  return { id, title: id, needs, run };
}

const says = (verdict: Verdict) => async () => verdict;
const throws = (error: Error) => () => Promise.reject(error);

async function statuses(probes: readonly Probe<null>[], withinMs = 5_000): Promise<Record<string, string>> {
  const outcomes = await runProbes(probes, null, { clock: systemClock, withinMs });
  return Object.fromEntries(outcomes.map(({ id, status, said }) => [id, status === "skipped" ? said : status]));
}

describe("a run of probes", () => {
  it("skips what needs a probe that is wrong, and what needs that, and asks the rest", async () => {
    const run = await statuses([
      probe("a", [], says(wrong("broken"))),
      probe("b", ["a"], says(ok("never asked"))),
      probe("c", ["b"], says(ok("never asked"))),
      probe("d", [], says(ok("fine"))),
    ]);
    assert.deepEqual(run, { a: "wrong", b: "because of a", c: "because of b", d: "ok" });
  });

  it("skips for a part of a probe only what needs that part", async () => {
    const run = await statuses([
      probe("apis", [], says({ status: "wrong", said: "one is off", remedies: [], broken: ["pubsub"] })),
      probe("topic", ["apis:pubsub"], says(ok("never asked"))),
      probe("service", ["apis:run"], says(ok("fine"))),
      probe("all", ["apis"], says(ok("never asked"))),
    ]);
    assert.deepEqual(run, { apis: "wrong", topic: "because of apis (pubsub)", service: "ok", all: "because of apis" });
  });

  it("asks on where a need could not be told, or is a warning", async () => {
    const run = await statuses([
      probe("a", [], throws(new CannotTell("nobody answers", []))),
      probe("b", ["a"], says(warning("look at it"))),
      probe("c", ["b"], says(ok("fine"))),
    ]);
    assert.deepEqual(run, { a: "cannot-tell", b: "warning", c: "ok" });
  });

  it("gives up what takes too long, and what fails by itself, and keeps what the others found", async () => {
    const run = await statuses(
      [
        probe("slow", [], () => new Promise(() => {})),
        probe("buggy", [], throws(new TypeError("of the doctor"))),
        probe("quick", [], says(ok("fine"))),
      ],
      100,
    );
    assert.deepEqual(run, { slow: "cannot-tell", buggy: "cannot-tell", quick: "ok" });
  });

  it("refuses a list in which a need stands behind the probe that has it", async () => {
    const list = [probe("b", ["a"], says(ok(""))), probe("a", [], says(ok("")))];
    await assert.rejects(statuses(list), /b needs a, which does not stand before it/);
  });
});

describe("a report", () => {
  const reportOf = async (...verdicts: readonly Verdict[]) =>
    makeReport({
      half: "operator",
      about: "",
      next: [],
      questions: [
        { asks: "Both?", probes: ["p0", "p1"] },
        { asks: "The other half?", probes: [] },
      ],
      probes: await runProbes(
        verdicts.map((verdict, at) => probe(`p${at}`, [], says(verdict))),
        null,
        { clock: systemClock, withinMs: 5_000 },
      ),
    });
  const unclear: Verdict = { status: "cannot-tell", said: "", remedies: [] };

  it("has 1 for what is wrong before 3 for what cannot be told, and 0 for warnings", async () => {
    assert.equal(exitCodeOf(await reportOf(ok(""), warning(""))), 0);
    assert.equal(exitCodeOf(await reportOf(ok(""), unclear)), 3);
    assert.equal(exitCodeOf(await reportOf(unclear, wrong(""))), 1);
  });

  it("answers a question by the worst of its probes, and not what the other half answers", async () => {
    const { questions } = await reportOf(warning(""), unclear);
    assert.deepEqual(
      questions.map(({ status }) => status),
      ["cannot-tell", null],
    );
  });
});
