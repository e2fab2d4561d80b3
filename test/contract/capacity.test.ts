import assert from "node:assert/strict";
import { test } from "node:test";
import { capacityTables } from "../bench/cost/capacity-tables.ts";
import {
  type CostFigures,
  costPerMillion,
  draftsPerSecond,
  instancesFor,
  limitsFor,
  totalOf,
} from "../bench/cost/cost-model.ts";
import { replaceSection } from "../bench/report/marked-section.ts";
import { readText } from "../support/readme.ts";

const FIGURES: CostFigures = {
  apiCpuUs: 200,
  batchCpuUs: 20,
  workerCpuUs: 600,
  gmailCallUs: 200,
  apiLogBytes: 500,
  workerLogBytes: 500,
};

function dollars(ingress: "single" | "batch", service: string): number {
  return costPerMillion(FIGURES, ingress).find((line) => line.service === service)?.dollars ?? Number.NaN;
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 0.005, `${actual} for ${expected}`);
}

test("a million drafts cost what their parts cost, worked out by hand", () => {
  // 2,000 bytes of a TiB at $40.
  near(dollars("single", "Pub/Sub"), 0.0728);
  // A batch publishes many in one request: 600 bytes in, 1,000 out.
  near(dollars("batch", "Pub/Sub"), 0.0582);
  near(dollars("single", "Cloud Run, requests"), 0.8);
  near(dollars("batch", "Cloud Run, requests"), 0.4004);
  // 600 + 2 × 200 µs, busy to 60 %: 600 drafts a second; 80 slots of 400 ms make 200, so 5,000 s at $0.00002525.
  assert.equal(draftsPerSecond(FIGURES), 200);
  near(dollars("single", "Cloud Run, worker"), 0.12625);
  // 400 µs a request, 667 s.
  near(dollars("single", "Cloud Run, api"), 0.0168);
  // 3 × 0.90 + 0.30 + 0.10 + 1.397 GiB × 0.15
  near(dollars("single", "Firestore"), 3.3095);
  near(dollars("batch", "Firestore"), 2.4095);
  // 4,000 bytes: each service's line with its envelope, and Cloud Run's own for each.
  near(dollars("single", "Logging"), 1.8626);
  near(totalOf(costPerMillion(FIGURES, "single")), 0.0728 + 0.8 + 0.12625 + 0.0168 + 3.3095 + 1.8626);
});

test("a processor that is busy makes fewer drafts than its slots would", () => {
  assert.equal(draftsPerSecond({ ...FIGURES, workerCpuUs: 5_600 }), 100);
});

test("instances follow from drafts an hour", () => {
  assert.deepEqual(
    [1, 720_000, 720_001, 10_000_000].map((drafts) => instancesFor(FIGURES, drafts)),
    [1, 1, 2, 14],
  );
});

test("the quota that binds first comes first", () => {
  const [first] = limitsFor(FIGURES, { drafts: 100_000_000, hours: 8, mailboxes: 10_000 });
  assert.deepEqual(first, { name: "Gmail units a day", allowed: 80_000_000, needed: 1_000_000_000 });
  const [few] = limitsFor(FIGURES, { drafts: 1_000_000, hours: 8, mailboxes: 2 });
  assert.equal(few?.name, "Gmail units a minute and mailbox");
});

test("the page on capacity says what the model makes of the figures that were measured", () => {
  const measured = JSON.parse(readText("infra/docs/benchmarks/figures.json")) as CostFigures;
  for (const name of Object.keys(FIGURES)) {
    const value: unknown = measured[name as keyof CostFigures];
    assert.ok(typeof value === "number" && value > 0, `${name} is measured`);
  }
  const page = readText("infra/docs/capacity.md");
  for (const [name, table] of Object.entries(capacityTables(measured))) {
    assert.equal(replaceSection(page, name, table), page, `the section ${name} is what npm run bench would write`);
  }
});
