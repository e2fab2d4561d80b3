import { type Bench, scaled } from "../bench-context.ts";
import { cpuMsOf, residentMbOf } from "../measure/process-cost.ts";
import { sleep } from "../measure/rounds.ts";
import { metricOf } from "../measure/service.ts";
import { floorOf, type Growth, growthOf, type Point, summarise } from "../measure/statistics.ts";
import { AS_SHIPPED } from "../measure/variant.ts";
import { figure } from "../report/table.ts";
import { startProduct } from "../stage.ts";

const SLOTS = 80;
const LATENCY_MS = 150;
const MAILBOXES = 1_000;
/** Of memory: one in so long, but not more of them than fit into the time. */
const SAMPLES_MAX = 600;
const SAMPLE_EVERY_MS = 20;
/** The heap's floor is taken over so many stretches of time; each is to hold some collections. */
const STRETCHES = 30;
/** Code is compiled and caches fill at first. */
const WARM_SHARE = 0.2;
/** Growth from the first to the last point that counts as none: what such heaps wander by (measured). */
const GROWTH_MAX = 0.1;

/** One worker under load for long: memory and cost over time. */
export function soakOf(minutes: number): Bench {
  return {
    name: "soak",
    about: "memory and cost of one worker over time; --minutes 60, 5 unless given",
    async run(context) {
      const google = await context.counterparts.google({ latencyMs: LATENCY_MS });
      const worker = await startProduct(context, "worker", AS_SHIPPED, google.environment);
      const load = context.counterparts.load();
      await load.start({
        url: worker.url,
        connections: scaled(SLOTS, context.scale),
        request: google.push(scaled(MAILBOXES, context.scale)),
        run: "soak",
      });
      const lengthMs = minutes * 60_000;
      const samples = Math.min(SAMPLES_MAX, Math.floor(lengthMs / SAMPLE_EVERY_MS));
      const everyMs = lengthMs / samples;
      const begunMs = performance.now();
      const heap: Point[] = [];
      const resident: Point[] = [];
      const cost: Point[] = [];
      let before = await load.mark([worker.pid]);
      let toldMs = 0;
      for (let n = 1; n <= samples; n++) {
        await sleep(Math.max(0, n * everyMs - (performance.now() - begunMs)));
        const atMinutes = (performance.now() - begunMs) / 60_000;
        heap.push({ x: atMinutes, y: (await metricOf(worker, "nodejs_heap_size_used_bytes")) / 1e6 });
        resident.push({ x: atMinutes, y: residentMbOf(worker.pid).now });
        if (n % Math.floor(samples / STRETCHES) === 0) {
          const after = await load.mark([worker.pid]);
          if (after.done === before.done) continue;
          const cpuMs = (after.cpuMs[0] ?? 0) - (before.cpuMs[0] ?? 0);
          cost.push({ x: atMinutes, y: (cpuMs * 1_000) / (after.done - before.done) });
          if (after.failed > 0) throw new Error(`${after.failed} pushes failed; the first: ${after.firstFailure}`);
          before = after;
          worker.takeLogBytes();
        }
        if (performance.now() - toldMs < 10_000) continue;
        toldMs = performance.now();
        const drafts = `${before.done} drafts, heap ${figure(heap.at(-1)?.y ?? 0)} MB, resident ${figure(resident.at(-1)?.y ?? 0)} MB`;
        context.tell(`${figure(atMinutes)} of ${minutes} min: ${drafts}, CPU ${figure(cpuMsOf(worker.pid) / 1_000)} s`);
      }
      await load.rest();
      const series = { heap: floorOf(settled(heap), STRETCHES), resident: floorOf(settled(resident), STRETCHES) };
      const growths = [
        ["heap's floor", "MB", growthOf(series.heap, GROWTH_MAX)],
        ["resident memory's floor", "MB", growthOf(series.resident, GROWTH_MAX)],
        ["CPU per draft", "µs", growthOf(settled(cost), GROWTH_MAX)],
      ] as const;
      return {
        name: "soak",
        title: `${minutes} minutes of load`,
        told: [
          `${before.done.toLocaleString("en")} drafts at ${LATENCY_MS} ms over ${SLOTS} slots; the first fifth is left out. The slope is Theil and Sen's; it counts as growth when its 95 % range lies above nought and it comes to more than ${GROWTH_MAX * 100} % over the time.`,
        ],
        tables: [
          {
            head: ["", "slope an hour", "95 % range", "over the whole time", ""],
            rows: growths.map(([what, unit, { estimate, low, high, share, grows }]) => [
              what,
              `${figure(estimate * 60)} ${unit}`,
              `${figure(low * 60)} to ${figure(high * 60)}`,
              `${figure(share * 100)} %`,
              grows ? "**grows**" : "flat",
            ]),
          },
        ],
        targets: growths.map(([what, , growth]) => ({
          what: `worker, growth of the ${what} in ${minutes} min`,
          against: "the median of the time",
          bound: "at most",
          value: GROWTH_MAX * 100,
          measured: summarise([certain(growth) * 100]),
          unit: "%",
        })),
        plots: [
          {
            name: "soak",
            title: `Memory of one worker in ${minutes} minutes`,
            xLabel: "minutes",
            yLabel: "MB",
            isLogX: false,
            series: [
              { name: "resident", points: resident },
              { name: "heap in use", points: heap },
            ],
          },
        ],
        figures: {},
      };
    },
  };
}

/** Without what belongs to the start. */
function settled(points: readonly Point[]): readonly Point[] {
  return points.slice(Math.floor(points.length * WARM_SHARE));
}

/** The growth as a share, or none where the slope may be none. */
function certain({ low, share }: Growth): number {
  return low <= 0 ? Math.min(0, share) : share;
}
