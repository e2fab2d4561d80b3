import { type Bench, scaled } from "../bench-context.ts";
import type { RequestKind } from "../load/requests.ts";
import { type Candidate, interleave } from "../measure/rounds.ts";
import { pairedRatio } from "../measure/statistics.ts";
import { AS_SHIPPED, WITHOUT_KEYS } from "../measure/variant.ts";
import type { FastifyApiSettings } from "../peers/fastify-api.ts";
import { over, ratioOf, sampleTable } from "../report/sample-table.ts";
import { httpCandidate, startApi, startModule } from "../stage.ts";

const ITEMS = 1_000;
const MAILBOXES = 20;
const CONNECTIONS = 2;
const SINGLE_CONNECTIONS = 256;
const LIBRARY = "Fastify + Ajv + pubsub, batch";
const LIBRARY_KEYS = "the same, ordering keys";
const { name: OURS } = AS_SHIPPED;
const batchOf = (variant: string): string => `${variant}, batch`;
const importOf = (variant: string): string => `${variant}, import`;
const singleOf = (variant: string): string => `${variant}, single requests`;

/** A thousand drafts in one call. */
export const batch: Bench = {
  name: "batch",
  about: "batches and imports of 1,000 against the library's way and against single requests",
  async run(context) {
    const { scale, variants } = context;
    const items = scaled(ITEMS, scale);
    const pubsub = await context.counterparts.pubsub(0);
    const common = { counterparts: [pubsub.child] };
    const candidates: Candidate[] = [];
    for (const hasKeys of [false, true]) {
      const library = startModule(context, "peers/fastify-api.ts");
      candidates.push(
        await httpCandidate(context, {
          ...common,
          name: hasKeys ? LIBRARY_KEYS : LIBRARY,
          configuration: hasKeys
            ? "messageOrdering, the product's keys"
            : `validates an array of ${items} by Ajv, publishMessage for each, default batching`,
          url: String(await library.start({ pubsubHost: pubsub.host, hasKeys } satisfies FastifyApiSettings)),
          subject: library,
          request: { kind: "batch", path: "/batches", items, mailboxes: MAILBOXES },
          connections: CONNECTIONS,
        }),
      );
    }
    for (const variant of [...variants, WITHOUT_KEYS]) {
      const service = await startApi(context, variant, pubsub.host);
      const add = async (name: string, request: RequestKind, connections: number, configuration: string) => {
        const given = { ...common, name, configuration, url: service.url, subject: service, request, connections };
        candidates.push(await httpCandidate(context, given));
      };
      const how = variant === WITHOUT_KEYS ? ", ORDERING_SHARDS=0" : "";
      const many = { mailboxes: MAILBOXES, items, rows: items };
      await add(
        batchOf(variant.name),
        { kind: "batch", path: "/v1/batches", ...many },
        CONNECTIONS,
        `POST /v1/batches of ${items}${how}`,
      );
      await add(
        importOf(variant.name),
        { kind: "import", path: "/v1/imports", ...many },
        CONNECTIONS,
        `POST /v1/imports, ${items} JSON lines${how}`,
      );
      if (variant.name !== OURS) continue;
      await add(
        singleOf(variant.name),
        { kind: "draft", path: "/v1/drafts", ...many },
        scaled(SINGLE_CONNECTIONS, scale),
        "POST /v1/drafts, 256 at once",
      );
    }
    const samples = await interleave(candidates, scale.rounds, scale.windowMs, context.tell);
    const cpu = ({ cpuUs }: { readonly cpuUs: number }): number => cpuUs;
    const perRound = (name: string): number[] => samples.get(name)?.map(cpu) ?? [];
    return {
      name: "batch",
      title: "A thousand in one call",
      told: [
        `${CONNECTIONS} calls of ${items} drafts under way at all times; all figures are for one draft. Answered once Pub/Sub has acknowledged all of them.`,
      ],
      tables: [sampleTable(candidates, samples, LIBRARY, "draft")],
      targets: [
        ...([LIBRARY, LIBRARY_KEYS] as const).flatMap((library) =>
          ([batchOf, importOf] as const).map((of) => ({
            what: `${of === batchOf ? "batch" : "import"}, CPU per draft`,
            against: `the library's way, ${library === LIBRARY ? "no keys in either" : "the product's ordering keys in both"}`,
            bound: "at most" as const,
            value: 0.55,
            measured: ratioOf(samples, of(library === LIBRARY ? WITHOUT_KEYS.name : OURS), library, cpu),
            unit: "×",
          })),
        ),
        {
          what: "batch, CPU per draft",
          against: "a single request",
          bound: "at most",
          value: 0.125,
          measured: pairedRatio(perRound(batchOf(OURS)), perRound(singleOf(OURS))),
          unit: "×",
        },
      ],
      plots: [],
      figures: {
        batchCpuUs: over(samples, batchOf(OURS), cpu).median,
        importCpuUs: over(samples, importOf(OURS), cpu).median,
      },
    };
  },
};
