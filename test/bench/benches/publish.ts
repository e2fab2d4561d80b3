import { type Bench, scaled } from "../bench-context.ts";
import { interleave } from "../measure/rounds.ts";
import type { PublishesSettings } from "../peers/publishes.ts";
import { over, ratioOf, sampleTable } from "../report/sample-table.ts";
import { loopsOf } from "../stage.ts";

const WIDTH = 256;
const LIBRARY = "pubsub";
const OURS = "draftmill";
const LIBRARY_KEYS = "pubsub, ordering keys";
const OURS_KEYS = "draftmill, ordering keys";

/** The way to Pub/Sub alone. */
export const publish: Bench = {
  name: "publish",
  about: "the publisher module against the library with its default batching",
  async run(context) {
    const width = scaled(WIDTH, context.scale);
    const { child, host } = await context.counterparts.pubsub(0);
    const candidate = async (name: string, client: PublishesSettings["client"], hasKeys: boolean, how: string) => {
      const loop = await loopsOf(context, { path: "peers/publishes.ts", environment: {}, counterparts: [child] });
      return loop(name, how, { client, hasKeys, pubsubHost: host, width } satisfies PublishesSettings);
    };
    const candidates = [
      await candidate(LIBRARY, "documented", false, "publishMessage, default batching"),
      await candidate(OURS, "draftmill", false, "the api's and the worker's publisher, ORDERING_SHARDS=0"),
      await candidate(LIBRARY_KEYS, "documented", true, "messageOrdering, 20 mailboxes in 16 keys each"),
      await candidate(OURS_KEYS, "draftmill", true, "the same keys, which is the default"),
    ];
    const samples = await interleave(candidates, context.scale.rounds, context.scale.windowMs, context.tell);
    const cpu = ({ cpuUs }: { readonly cpuUs: number }): number => cpuUs;
    const target = (what: string, against: string, ours: string, library: string) =>
      ({
        what,
        against,
        bound: "at most",
        value: 0.75,
        measured: ratioOf(samples, ours, library, cpu),
        unit: "×",
      }) as const;
    return {
      name: "publish",
      title: "Publishing alone",
      told: [
        `${width} publishes under way at all times, nothing else in the process. Pub/Sub takes one ordering key in one publish, so that messages of many keys share few of them, whoever publishes.`,
      ],
      tables: [sampleTable(candidates, samples, LIBRARY, "message")],
      targets: [
        target("publisher without keys, CPU per message", "the library's default batching", OURS, LIBRARY),
        target("publisher with keys, CPU per message", "the library with the same keys", OURS_KEYS, LIBRARY_KEYS),
      ],
      plots: [],
      figures: { publishUs: over(samples, OURS_KEYS, cpu).median },
    };
  },
};
