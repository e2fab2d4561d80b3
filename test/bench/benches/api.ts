import { type Bench, scaled, type Target } from "../bench-context.ts";
import { residentMbOf } from "../measure/process-cost.ts";
import { type Candidate, interleave } from "../measure/rounds.ts";
import { metricOf, type Service } from "../measure/service.ts";
import { summarise } from "../measure/statistics.ts";
import { AS_SHIPPED, WITHOUT_KEYS } from "../measure/variant.ts";
import type { FastifyApiSettings } from "../peers/fastify-api.ts";
import { over, ratioOf, sampleTable } from "../report/sample-table.ts";
import { httpCandidate, startApi, startModule } from "../stage.ts";

const CONNECTIONS = 256;
const MAILBOXES = 20;
const PLAIN = "Fastify + Ajv";
const LIBRARY = "Fastify + Ajv + pubsub";
const LIBRARY_KEYS = "Fastify + Ajv + pubsub, ordering keys";
const FLOOR = "node:http, fixed answer";
const { name: OURS } = AS_SHIPPED;

/** Single requests, each answered once Pub/Sub has acknowledged it. */
export const api: Bench = {
  name: "api",
  about: "single requests against the same Fastify + Ajv, without and with the library's publish",
  async run(context) {
    const { scale, variants } = context;
    const connections = scaled(CONNECTIONS, scale);
    const pubsub = await context.counterparts.pubsub(0);
    const request = (path: string) => ({ kind: "draft", path, mailboxes: MAILBOXES }) as const;
    const peer = async (name: string, path: string, settings: FastifyApiSettings | null, configuration: string) => {
      const child = startModule(context, path);
      const url = String(await child.start(settings));
      return httpCandidate(context, {
        name,
        configuration,
        url,
        subject: child,
        counterparts: [pubsub.child],
        request: request("/drafts"),
        connections,
      });
    };
    const candidates: Candidate[] = [
      await peer(FLOOR, "peers/fixed-answer.ts", null, "the floor of server and load"),
      await peer(PLAIN, "peers/fastify-api.ts", { pubsubHost: null, hasKeys: false }, "validates, publishes nothing"),
      await peer(
        LIBRARY,
        "peers/fastify-api.ts",
        { pubsubHost: pubsub.host, hasKeys: false },
        "default batching, 100 messages or 10 ms",
      ),
      await peer(
        LIBRARY_KEYS,
        "peers/fastify-api.ts",
        { pubsubHost: pubsub.host, hasKeys: true },
        "the same with messageOrdering and the product's keys",
      ),
    ];
    const services = new Map<string, Service>();
    for (const variant of [...variants, WITHOUT_KEYS]) {
      const service = await startApi(context, variant, pubsub.host);
      services.set(variant.name, service);
      candidates.push(
        await httpCandidate(context, {
          name: variant.name,
          configuration:
            variant === WITHOUT_KEYS
              ? "the same with ORDERING_SHARDS=0"
              : "the bundle as shipped: validation, ledger in SQLite (synchronous=FULL), ordering keys, log",
          url: service.url,
          subject: service,
          counterparts: [pubsub.child],
          request: request("/v1/drafts"),
          connections,
        }),
      );
    }
    const ours = services.get(OURS);
    if (ours === undefined) throw new Error("the product as shipped is not among the variants");
    ours.takeLogBytes();
    // From here on the event loop's delay is that of the rounds: reading it begins anew.
    await metricOf(ours, "nodejs_eventloop_lag_p99_seconds");
    const samples = await interleave(candidates, scale.rounds, scale.windowMs, context.tell);
    const drafts = samples.get(OURS)?.reduce((sum, { done }) => sum + done, 0) ?? 0;
    const logBytes = ours.takeLogBytes() / drafts;
    const lagMs = (await metricOf(ours, "nodejs_eventloop_lag_p99_seconds")) * 1_000;
    const resident = residentMbOf(ours.pid);
    const targets: Target[] = [
      {
        what: "api, single requests a second",
        against: "the same Fastify + Ajv without publish",
        bound: "at least",
        value: 0.7,
        measured: ratioOf(samples, OURS, PLAIN, ({ perSecond }) => perSecond),
        unit: "×",
      },
      {
        what: "api, CPU per published request",
        against: "Fastify + Ajv + the library's default batching, no keys in either",
        bound: "at most",
        value: 0.75,
        measured: ratioOf(samples, WITHOUT_KEYS.name, LIBRARY, ({ cpuUs }) => cpuUs),
        unit: "×",
      },
      {
        what: "api, CPU per published request",
        against: "the same, the product's ordering keys in both",
        bound: "at most",
        value: 0.75,
        measured: ratioOf(samples, OURS, LIBRARY_KEYS, ({ cpuUs }) => cpuUs),
        unit: "×",
      },
      {
        what: "api, most memory under full load",
        against: "",
        bound: "at most",
        value: 220,
        measured: summarise([resident.most]),
        unit: "MB",
      },
      {
        what: "api, event loop's delay, p99",
        against: "the probe's own 10 ms included",
        bound: "at most",
        value: 50,
        measured: summarise([lagMs]),
        unit: "ms",
      },
    ];
    return {
      name: "api",
      title: "Single requests",
      told: [
        `\`POST\` of a draft request of 300 bytes over ${connections} connections, answered with 202 once Pub/Sub has acknowledged it. Pub/Sub acknowledges at once, over gRPC without TLS for all alike.`,
      ],
      tables: [sampleTable(candidates, samples, PLAIN, "request")],
      targets,
      plots: [],
      figures: { apiCpuUs: over(samples, OURS, ({ cpuUs }) => cpuUs).median, apiLogBytes: logBytes },
    };
  },
};
