import { type Bench, scaled } from "../bench-context.ts";
import { interleave } from "../measure/rounds.ts";
import type { PublishesSettings } from "../peers/publishes.ts";
import { over, ratioOf, sampleTable } from "../report/sample-table.ts";
import { loopsOf } from "../stage.ts";

const WIDTH = 256;
const LIBRARY = "pubsub";
const OURS = "draftmill";

/** The way to Pub/Sub alone. */
export const publish: Bench = {
  name: "publish",
  about: "the publisher module against the library with its default batching",
  async run(context) {
    const width = scaled(WIDTH, context.scale);
    const { child, host } = await context.counterparts.pubsub(0);
    const candidate = async (name: string, client: PublishesSettings["client"], configuration: string) => {
      const loop = await loopsOf(context, { path: "peers/publishes.ts", environment: {}, counterparts: [child] });
      return loop(name, configuration, { client, pubsubHost: host, width } satisfies PublishesSettings);
    };
    const candidates = [
      await candidate(LIBRARY, "documented", "publishMessage, default batching, no keys"),
      await candidate(OURS, "draftmill", "the api's and the worker's publisher, ordering keys"),
    ];
    const samples = await interleave(candidates, context.scale.rounds, context.scale.windowMs, context.tell);
    return {
      name: "publish",
      title: "Publishing alone",
      told: [`${width} publishes under way at all times, nothing else in the process.`],
      tables: [sampleTable(candidates, samples, LIBRARY, "message")],
      targets: [
        {
          what: "publisher, CPU per message",
          against: "the library's default batching",
          bound: "at most",
          value: 0.75,
          measured: ratioOf(samples, OURS, LIBRARY, ({ cpuUs }) => cpuUs),
          unit: "×",
        },
      ],
      plots: [],
      figures: { publishUs: over(samples, OURS, ({ cpuUs }) => cpuUs).median },
    };
  },
};
