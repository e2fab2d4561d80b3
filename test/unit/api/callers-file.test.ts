import assert from "node:assert/strict";
import { mkdtemp, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { LOOK_EVERY_MS, openCallersFile } from "@draftmill/api/callers/callers-file.ts";
import { EnvironmentError } from "@draftmill/shared/env.ts";
import { createLogger } from "@draftmill/shared/log.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const listing = (...names: readonly string[]): string =>
  JSON.stringify({
    callers: names.map((name) => ({ caller: `${name}@corp.example`, mailboxes: [], role: "submit" })),
  });

interface Line {
  readonly message: string;
  readonly severity: string;
  readonly problems?: readonly { readonly pointer: string; readonly detail: string }[];
}

async function aFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-callers-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

async function setUp(t: TestContext, text = listing("crm")) {
  const path = join(await aFolder(t), "callers.json");
  await writeFile(path, text);
  const clock = new ManualClock();
  const lines: Line[] = [];
  const log = createLogger("api", "info", { write: (line) => void lines.push(JSON.parse(line)) });
  const file = await openCallersFile({ path, clock, log });
  t.after(() => file.close());
  /** Lets one look happen and ends with it: the next sleep is the sign. */
  const look = async (): Promise<void> => {
    await clock.sleeping(LOOK_EVERY_MS);
    await clock.advance(LOOK_EVERY_MS);
    await clock.sleeping(LOOK_EVERY_MS);
  };
  const names = (): string[] => [...file.policy().addresses.keys()].map((address) => address.split("@")[0] ?? "");
  const events = (): string[] => lines.map(({ message }) => message);
  return { path, file, look, names, lines, events };
}

test("a change goes into force at the next look, and is told once", async (t) => {
  const { path, file, look, names, events } = await setUp(t);
  await writeFile(path, listing("crm", "shop"));
  await look();
  assert.deepEqual(names(), ["crm", "shop"]);
  await look();
  await look();
  assert.deepEqual(events(), ["callers.loaded", "callers.reloaded"]);
  assert.ok(file.isInForce());
});

test("a file that is put in its place by a rename is seen, at the same length as well", async (t) => {
  const { path, look, names } = await setUp(t, listing("crm"));
  await writeFile(`${path}.new`, listing("erp"));
  await rename(`${path}.new`, path);
  await look();
  assert.deepEqual(names(), ["erp"]);
});

test("what is written twice in one instant, at one length, is read as it was left", async (t) => {
  const { path, look, names } = await setUp(t);
  const writeAt = async (text: string): Promise<void> => {
    await writeFile(path, text);
    await utimes(path, 1_700_000_000, 1_700_000_000);
  };
  await writeAt(listing("abc"));
  await look();
  await writeAt(listing("xyz"));
  await look();
  assert.deepEqual(names(), ["xyz"]);
});

test("a file with faults leaves the old policy in force, every fault is logged once, and mending it ends that", async (t) => {
  const { path, file, look, names, lines, events } = await setUp(t);
  await writeFile(path, '{"callers":[{"caller":"shop@corp.example","role":"admin","mailboxes":["@"]}]}');
  await look();
  await look();
  await look();
  assert.deepEqual(names(), ["crm"]);
  assert.equal(file.isInForce(), false);
  assert.deepEqual(events(), ["callers.loaded", "callers.refused"]);
  assert.equal(lines[1]?.severity, "ERROR");
  assert.deepEqual(
    lines[1]?.problems?.map(({ pointer }) => pointer),
    ["/callers/0/mailboxes/0", "/callers/0/role"],
  );
  assert.ok(!JSON.stringify(lines).includes("@corp.example"));
  await writeFile(path, listing("crm"));
  await look();
  assert.ok(file.isInForce());
  assert.deepEqual(events().slice(2), ["callers.reloaded"]);
});

test("a file that is deleted leaves the old policy in force, and is told once; one that comes back goes into force", async (t) => {
  const { path, file, look, names, lines, events } = await setUp(t);
  await rm(path);
  await look();
  await look();
  assert.deepEqual(names(), ["crm"]);
  assert.equal(file.isInForce(), false);
  assert.deepEqual(events(), ["callers.loaded", "callers.refused"]);
  assert.match(lines[1]?.problems?.[0]?.detail ?? "", /ENOENT/);
  await writeFile(path, listing("erp"));
  await look();
  assert.deepEqual(names(), ["erp"]);
  assert.ok(file.isInForce());
});

test("a policy for nobody goes into force: it is what the file says", async (t) => {
  const { path, look, names } = await setUp(t);
  await writeFile(path, listing());
  await look();
  assert.deepEqual(names(), []);
});

test("without a policy to begin with there is no start, and every fault is told with its place", async (t) => {
  const folder = await aFolder(t);
  const path = join(folder, "callers.json");
  const open = () => openCallersFile({ path, clock: new ManualClock(), log: createLogger("api", "silent") });
  const problems = async (): Promise<readonly string[]> => {
    try {
      await open();
    } catch (error) {
      assert.ok(error instanceof EnvironmentError);
      return error.problems;
    }
    throw new Error("it has started");
  };
  assert.deepEqual(await problems(), ["CALLERS_FILE cannot be read: ENOENT"]);
  await writeFile(path, '{"callers":[{"caller":"x","role":"submit"}],"deny":[]}');
  assert.deepEqual(
    (await problems()).map((text) => text.replace(/:.*/, "")),
    ["/deny", "/callers/0/mailboxes", "/callers/0/caller"].map((pointer) => `CALLERS_FILE at ${pointer}`),
  );
});
