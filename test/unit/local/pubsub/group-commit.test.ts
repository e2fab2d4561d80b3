import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it, type TestContext } from "node:test";
import { GroupCommit } from "@draftmill/local/pubsub/group-commit.ts";

describe("a group commit", () => {
  it("resolves once the write can be read, in the order of the calls", async (t) => {
    const { group, insert, numbers } = aDatabase(t);
    const order: number[] = [];
    await Promise.all(
      [1, 2, 3].map((n) =>
        group.commit(
          () => insert(n),
          () => order.push(n),
        ),
      ),
    );
    assert.deepEqual(order, [1, 2, 3]);
    assert.deepEqual(numbers(), [1, 2, 3]);
  });

  it("carries writes that nobody waits for along with the next", async (t) => {
    const { group, insert, numbers } = aDatabase(t);
    group.defer(() => insert(1));
    await group.commit(
      () => insert(2),
      () => undefined,
    );
    assert.deepEqual(numbers(), [1, 2]);
  });

  it("rejects every write of a transaction that fails, and keeps none", async (t) => {
    const { group, insert, numbers } = aDatabase(t);
    const outcomes = await Promise.allSettled([
      group.commit(
        () => insert(1),
        () => "stored",
      ),
      group.commit(
        () => insert(1),
        () => "stored",
      ),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["rejected", "rejected"],
    );
    assert.deepEqual(numbers(), []);
    await group.commit(
      () => insert(2),
      () => undefined,
    );
    assert.deepEqual(numbers(), [2]);
  });
});

function aDatabase(t: TestContext) {
  const database = new DatabaseSync(":memory:");
  t.after(() => database.close());
  database.exec("CREATE TABLE number (n INTEGER PRIMARY KEY)");
  const insert = (n: number) => void database.prepare("INSERT INTO number VALUES (?)").run(n);
  const numbers = () =>
    database
      .prepare("SELECT n FROM number ORDER BY n")
      .all()
      .map(({ n }) => n);
  return { group: new GroupCommit(database), insert, numbers };
}
