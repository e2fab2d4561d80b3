import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { startTestStack, type TestStack } from "../support/local-stack.ts";
import { askedMail, FIELDS, LIST_FIELDS, withField } from "./hostile-request.ts";
import { anyText, NAUGHTY } from "./hostile-text.ts";
import { readIsEmailSet } from "./is-email.ts";
import { runParameters } from "./run-parameters.ts";
import { createWireJudge, type WireCase, type WireJudge } from "./wire-judge.ts";

/** Pub/Sub takes well-formed names and values, of 256 and 1,024 bytes: https://cloud.google.com/pubsub/quotas#resource_limits */
const attributeText = anyText.map((text) => text.slice(0, 250).toWellFormed());
const attributes = fc.dictionary(
  fc.oneof(
    {
      weight: 9,
      arbitrary: fc.constantFrom("id", "dedupeKey", "caller", "batch", "traceparent", "generation", "accepted"),
    },
    fc.constantFrom("__proto__", "constructor", "toString", "x"),
  ),
  attributeText,
  { maxKeys: 3, noNullPrototype: true },
);
const wireCase = fc.record(
  { asked: askedMail, way: fc.constantFrom("http", "topic"), attributes },
  { noNullPrototype: true },
);
const BATCH = 40;

describe("hostile requests to the real api and the real topic", { timeout: 170_000 }, () => {
  let stack: TestStack;
  let judge: WireJudge;
  let pids: readonly number[] = [];
  before(async () => {
    stack = await startTestStack({ google: { unitsPerMinute: 1_000_000 } });
    judge = createWireJudge(stack);
    pids = [stack.api.pid(), stack.worker.pid()];
  });
  after(() => stack.finish());

  async function judgeInBatches(cases: readonly WireCase[]): Promise<void> {
    for (let at = 0; at < cases.length; at += BATCH) await judge.judge(cases.slice(at, at + BATCH));
  }

  it("makes of each of 2,000 the draft that was asked for, or names the field at fault", async (t) => {
    const batch = fc.array(wireCase, { minLength: 1, maxLength: BATCH, size: "max" });
    await fc.assert(
      fc.asyncProperty(batch, (cases) => judge.judge(cases)),
      runParameters(t, 140),
    );
    t.diagnostic(JSON.stringify(judge.counts));
    const { draft, refused, failed } = judge.counts;
    assert.ok(draft + refused + failed >= 2_000 && Math.min(draft, refused, failed) > 200, "too few of some");
  });

  it("does so with each naughty string, each in another field, by both ways, and as each attribute", async (t) => {
    const names = ["id", "dedupeKey", "caller", "batch", "traceparent"] as const;
    const cases = NAUGHTY.map((text, index): WireCase => {
      const field = FIELDS[index % FIELDS.length] ?? "subject";
      const name = names[index % names.length] ?? "id";
      return { asked: withField(field, text), way: index % 2 === 0 ? "http" : "topic", attributes: { [name]: text } };
    });
    await judgeInBatches(cases);
    t.diagnostic(JSON.stringify(judge.counts));
  });

  it("does so with each address of the is_email set", async (t) => {
    const cases = readIsEmailSet().map(({ text }, index): WireCase => {
      const field = LIST_FIELDS[index % LIST_FIELDS.length] ?? "to";
      return { asked: withField(field, [text]), way: index % 3 === 0 ? "http" : "topic", attributes: {} };
    });
    await judgeInBatches(cases);
    t.diagnostic(JSON.stringify(judge.counts));
  });

  it("logs an event as one line, whatever separators a producer writes into it", async () => {
    const batch = 'x\u2028{"severity":"ERROR","message":"forged"}\u2029';
    const text = { to: "ada@example.com", subject: "Lines", message: "Text." };
    const messageId = await stack.publish(JSON.stringify(text), { batch });
    const event = await stack.logged((told) => told.messageId === messageId);
    assert.equal(event.batch, batch);
    assert.ok(stack.events.every(({ message }) => message !== "forged"));
  });

  it("leaves a dead letter of each that failed, and not a word of a fault", async () => {
    const letters = await stack.pullDeadLetters(judge.failed.size);
    const told = new Map(letters.map(({ attributes: given }) => [given.id ?? "", given.draftmillCode]));
    assert.deepEqual([...told].toSorted(), [...judge.failed].toSorted());
    assert.deepEqual([stack.api.pid(), stack.worker.pid()], pids, "a service died");
    const faults = stack.events.filter(
      ({ severity, code }) => severity === "ERROR" || severity === "CRITICAL" || code === "INTERNAL",
    );
    assert.deepEqual(faults, []);
  });
});
