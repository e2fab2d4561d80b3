import { renderTable } from "../report/table.ts";
import {
  type CostFigures,
  costPerMillion,
  draftsPerSecond,
  type Ingress,
  instancesFor,
  limitsFor,
  totalOf,
  workerCpuUs,
} from "./cost-model.ts";
import { PRICES } from "./prices.ts";

const HOURS = 8;
const DAYS = [
  { drafts: 1_000_000, mailboxes: 1_000 },
  { drafts: 100_000_000, mailboxes: 10_000 },
];
const DRAFTS_PER_HOUR = [10_000, 100_000, 1_000_000, 10_000_000];
const INGRESSES: readonly (readonly [Ingress, string])[] = [
  ["single", "single requests"],
  ["batch", "batches of 1,000"],
];

/** What the page on capacity says in figures, by its sections' names. */
export function capacityTables(figures: CostFigures): Readonly<Record<"cost" | "limits" | "instances", string>> {
  const cost = INGRESSES.map(([ingress, name]) => {
    const lines = costPerMillion(figures, ingress);
    return renderTable({
      head: [`a million drafts, ${name}`, "how", "US$"],
      rows: [
        ...lines.map(({ service, how, dollars }) => [service, how, dollars.toFixed(2)]),
        ["together", "", `**${totalOf(lines).toFixed(2)}**`],
      ],
    });
  });
  const limits = DAYS.map(({ drafts, mailboxes }) =>
    renderTable({
      head: [`${n(drafts)} drafts in ${HOURS} hours, ${n(mailboxes)} mailboxes`, "needed", "allowed", "share"],
      rows: limitsFor(figures, { drafts, mailboxes, hours: HOURS }).map(({ name, needed, allowed }) => [
        name,
        n(needed),
        n(allowed),
        `${n((needed / allowed) * 100)} %`,
      ]),
    }),
  );
  const instances = renderTable({
    head: ["drafts an hour", "instances of the worker", "mailboxes at least, at 600 drafts a minute each"],
    rows: DRAFTS_PER_HOUR.map((drafts) => [
      n(drafts),
      n(instancesFor(figures, drafts)),
      n(Math.ceil(drafts / 60 / 600)),
    ]),
  });
  return {
    cost: [`${PRICES.region}, list prices of ${PRICES.date}, beyond the free tiers.`, ...cost].join("\n\n"),
    limits: limits.join("\n\n"),
    instances: `One instance: ${n(draftsPerSecond(figures))} drafts a second at ${n(workerCpuUs(figures))} µs of CPU each.\n\n${instances}`,
  };
}

function n(value: number): string {
  return Math.round(value).toLocaleString("en");
}
