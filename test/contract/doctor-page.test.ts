import assert from "node:assert/strict";
import { test } from "node:test";
import { LEDGER_INDEXES } from "@draftmill/api/cli/doctor/ledger-probes.ts";
import { OPERATOR_PROBES } from "@draftmill/api/cli/doctor/operator-probes.ts";
import { NEEDED_APIS } from "@draftmill/api/cli/doctor/project-probes.ts";
import type { Probe } from "@draftmill/shared/doctor/probe.ts";
import { probesFor } from "@draftmill/worker/doctor/run-doctor.ts";
import { OPERATOR_FAULTS } from "../e2e/doctor/operator-faults.ts";
import { WORKER_FAULTS } from "../e2e/doctor/worker-faults.ts";
import { readText, tableUnder, writeTable } from "../support/readme.ts";

const PAGE = readText("infra/docs/doctor.md");
/** What a probe of the worker is asked for by, where it is not asked always. */
const OPTIONAL = ["write", "live", "strict"] as const;

function rowsOf(probes: readonly Probe<never>[], withOption: (id: string) => string): string[][] {
  return probes.map(({ id, title, needs }) => [
    `\`${id}\``,
    title + withOption(id),
    needs.map((need) => `\`${need.replace(".googleapis.com", "")}\``).join(", "),
  ]);
}

const HEADER = ["probe", "asks after", "needs"];

test("the page has every probe of the operator's half, in the order of the report", () => {
  assert.deepEqual(
    tableUnder(PAGE, "The operator's half"),
    writeTable(
      HEADER,
      rowsOf(OPERATOR_PROBES, () => ""),
    ),
  );
});

test("the page has every probe of the worker's half, and the option that some are asked for by", () => {
  const always = { write: false, live: false, strict: false };
  const idsOf = (options: typeof always): readonly string[] => probesFor(options).map(({ id }) => id);
  const optional = new Map(
    OPTIONAL.flatMap((option) =>
      idsOf({ ...always, [option]: true })
        .filter((id) => !idsOf(always).includes(id))
        .map((id) => [id, ` (\`--${option}\`)`] as const),
    ),
  );
  const all = probesFor({ write: true, live: true, strict: true });
  const rows = rowsOf(all, (id) => optional.get(id) ?? "");
  assert.deepEqual(tableUnder(PAGE, "The worker's half"), writeTable(HEADER, rows));
});

test("the page has every fault that is tried, and the probe that catches it", () => {
  const rows = (half: string, faults: Readonly<Record<string, { readonly probe: string; readonly as?: string }>>) =>
    Object.entries(faults).map(([fault, { probe, as = "wrong" }]) => [
      `\`${fault}\``,
      half,
      `\`${probe}\``,
      as.replace("-", " "),
    ]);
  const expected = [...rows("operator", OPERATOR_FAULTS), ...rows("worker", WORKER_FAULTS)];
  assert.deepEqual(tableUnder(PAGE, "Faults"), writeTable(["fault", "half", "caught by", "as"], expected));
});

test("the doctor asks after the indexes that Terraform makes, and after no API that it does not enable", () => {
  const { indexes } = JSON.parse(readText("infra/terraform/firestore-indexes.json")) as {
    indexes: { collectionGroup: string; fields: { fieldPath: string; order?: string; arrayConfig?: string }[] }[];
  };
  const made = indexes.map(({ collectionGroup, fields }) => ({
    collection: collectionGroup,
    fields: fields.map(({ fieldPath, order, arrayConfig }) => {
      if (arrayConfig === "CONTAINS") return `${fieldPath} contains`;
      return order === "DESCENDING" ? `${fieldPath} desc` : fieldPath;
    }),
  }));
  assert.deepEqual(made, LEDGER_INDEXES);
  const [, list = ""] = /apis = \[([^\]]*)\]/.exec(readText("infra/terraform/apis.tf")) ?? [];
  const enabled = [...list.matchAll(/"(\w+)"/g)].map(([, name]) => `${name}.googleapis.com`);
  assert.deepEqual(
    NEEDED_APIS.filter((name) => !enabled.includes(name)),
    [],
  );
});
