import { type Bench, scaled } from "../bench-context.ts";
import { residentMbOf } from "../measure/process-cost.ts";
import { sleep } from "../measure/rounds.ts";
import { metricOf } from "../measure/service.ts";
import { summarise } from "../measure/statistics.ts";
import { AS_SHIPPED } from "../measure/variant.ts";
import { startProduct } from "../stage.ts";

const HELD = 1_000;
const REFUSE_FOR_SECONDS = 300;
const HELD_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 50;
/** Long enough for what the arrival left behind to be collected, or not. */
const REST_MS = 1_500;

/** A worker that has to wait for Gmail with all the pushes that Cloud Run may send to one instance. */
export const held: Bench = {
  name: "held",
  about: "memory with 1,000 requests that wait for their turn",
  async run(context) {
    const count = scaled(HELD, context.scale);
    const google = await context.counterparts.google({ latencyMs: 0, refuseForSeconds: REFUSE_FOR_SECONDS });
    const worker = await startProduct(context, "worker", AS_SHIPPED, google.environment);
    const idleMb = residentMbOf(worker.pid).now;
    const load = context.counterparts.anotherLoad();
    // Never answered while it is measured; the end of the bench ends it.
    void load
      .start({ url: worker.url, connections: count, request: google.push(1), run: "held", requests: count })
      .catch(() => {});
    const until = performance.now() + HELD_WITHIN_MS;
    let underWay = 0;
    while (underWay < count) {
      if (performance.now() > until) throw new Error(`only ${underWay} of ${count} requests came to be held`);
      await sleep(LOOK_EVERY_MS);
      underWay = await metricOf(worker, "draftmill_deliveries_in_flight");
    }
    await sleep(REST_MS / context.scale.divisor);
    const { now, most } = residentMbOf(worker.pid);
    context.tell(
      `${underWay} held: ${Math.round(now)} MB now, ${Math.round(most)} MB at most, ${Math.round(idleMb)} MB idle`,
    );
    return {
      name: "held",
      title: "Requests that wait",
      told: [
        `Gmail refuses one mailbox for speed, and ${count.toLocaleString("en")} pushes for it wait in the worker over as many connections: ${Math.round(idleMb)} MB before, ${Math.round(now)} MB with all of them.`,
      ],
      tables: [],
      targets: [
        {
          what: `worker, most memory with ${count.toLocaleString("en")} requests held`,
          against: "",
          bound: "at most",
          value: 250,
          measured: summarise([most]),
          unit: "MB",
        },
      ],
      plots: [],
      figures: {},
    };
  },
};
