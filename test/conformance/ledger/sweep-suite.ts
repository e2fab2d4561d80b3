import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DraftState } from "@draftmill/shared/contract/draft-record.ts";
import { aFailure, aRecord } from "./a-record.ts";
import { type MakeStore, openOne, rewrite } from "./make-store.ts";

const CODES = ["DELEGATION_MISSING", "GMAIL_OFF", "REQUEST_INVALID"];
const MAILBOXES = ["a@corp.example", "b@corp.example"];
const STATES: readonly DraftState[] = ["failed", "parked", "dead", "canceled", "created"];

/** What the sweep and the operator ask for: what is due, and failures by group. */
export function sweepSuite(driver: string, makeStore: MakeStore): void {
  describe(`${driver}: due`, () => {
    test("gives what is due by then, the longest due first, as many as asked for", async (t) => {
      const ledger = await openOne(makeStore, t);
      const nowMs = Date.now();
      const dueAt: Record<string, number | null> = {
        a: nowMs - 10,
        b: nowMs - 30,
        c: nowMs + 60_000,
        d: null,
        e: nowMs,
      };
      for (const [id, dueAtMs] of Object.entries(dueAt)) await ledger.create(aRecord({ id, dueAtMs }));
      const ids = async (limit: number) => (await ledger.due(nowMs, limit)).map(({ id }) => id);
      assert.deepEqual(await ids(10), ["b", "a", "e"]);
      assert.deepEqual(await ids(2), ["b", "a"]);
    });

    test("a write moves or clears it, and an expired record is never due", async (t) => {
      const ledger = await openOne(makeStore, t);
      const nowMs = Date.now();
      await ledger.create(aRecord({ id: "moved", dueAtMs: nowMs }));
      await ledger.create(aRecord({ id: "cleared", dueAtMs: nowMs }));
      await ledger.create(aRecord({ id: "set", dueAtMs: null }));
      await ledger.create(aRecord({ id: "expired", dueAtMs: nowMs, expireAtMs: nowMs - 1 }));
      await rewrite(ledger, "moved", { dueAtMs: nowMs + 60_000 });
      await rewrite(ledger, "cleared", { dueAtMs: null });
      await rewrite(ledger, "set", { dueAtMs: nowMs - 5 });
      assert.deepEqual(
        (await ledger.due(nowMs, 10)).map(({ id }) => id),
        ["set"],
      );
    });
  });

  describe(`${driver}: failures by group`, () => {
    test("counts failures by code, mailbox and state, in their order, and nothing else", async (t) => {
      const ledger = await openOne(makeStore, t);
      const expected = new Map<string, number>();
      for (let n = 0; n < 120; n++) {
        const code = CODES[n % 3] ?? "";
        const mailbox = MAILBOXES[n % 2] ?? "";
        const state = STATES[n % 5] ?? "failed";
        const problem = state === "created" ? null : { ...aFailure().problem, code };
        await ledger.create(aRecord({ id: `r-${n}`, mailbox, state, problem }));
        if (n % 5 > 2) continue;
        const key = `${code} ${mailbox} ${state}`;
        expected.set(key, (expected.get(key) ?? 0) + 1);
      }
      await ledger.create(aRecord({ id: "queued" }));
      const { groups, truncated } = await ledger.failureGroups({}, 100);
      assert.equal(truncated, false);
      assert.deepEqual(
        groups.map(({ code, mailbox, state, count }) => [`${code} ${mailbox} ${state}`, count]),
        [...expected].sort(([a], [b]) => (a < b ? -1 : 1)),
      );

      const few = await ledger.failureGroups({}, 4);
      assert.deepEqual(few, { groups: groups.slice(0, 4), truncated: true });
      for (const filter of [
        { code: "GMAIL_OFF" },
        { mailbox: "b@corp.example" },
        { code: "GMAIL_OFF", mailbox: "b@corp.example" },
      ]) {
        const fits = ({ code, mailbox }: { code: string; mailbox: string }) =>
          (filter.code ?? code) === code && (filter.mailbox ?? mailbox) === mailbox;
        assert.deepEqual((await ledger.failureGroups(filter, 100)).groups, groups.filter(fits));
      }
    });

    test("a record that is taken up again leaves its group", async (t) => {
      const ledger = await openOne(makeStore, t);
      await ledger.create(aRecord({ ...aFailure(), id: "r-1" }));
      await rewrite(ledger, "r-1", { state: "queued", problem: null });
      assert.deepEqual(await ledger.failureGroups({}, 10), { groups: [], truncated: false });
    });
  });
}
