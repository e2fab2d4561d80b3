import { join } from "node:path";
import { stop } from "esbuild";
import { buildAsImage } from "../../support/image-build.ts";
import { type Bench, scaled } from "../bench-context.ts";
import { interleave } from "../measure/rounds.ts";
import type { GmailCallsSettings } from "../peers/gmail-calls.ts";
import { over, ratioOf, sampleTable } from "../report/sample-table.ts";
import { loopsOf } from "../stage.ts";

const WIDTH = 80;
const DOCUMENTED = "googleapis, TLS";
const OURS = "draftmill, TLS";
const DOCUMENTED_PLAIN = "googleapis, no TLS";
const OURS_PLAIN = "draftmill, no TLS";

/** `users.drafts.create` alone. */
export const gmail: Bench = {
  name: "gmail",
  about: "the Gmail call against googleapis as documented",
  async run(context) {
    const width = scaled(WIDTH, context.scale);
    const google = await context.counterparts.google({ latencyMs: 0 });
    const bundle = join(context.folder("gmail"), "gmail-calls.cjs");
    await buildAsImage("test/bench/peers/gmail-calls.ts", bundle);
    // Its process would stay beside what is measured.
    await stop();
    const way = async (client: GmailCallsSettings["client"], [tls, plain]: readonly [string, string], how: string) => {
      const settings = { client, width } as const;
      const loop = await loopsOf(context, {
        path: client === "draftmill" ? bundle : "peers/gmail-calls.ts",
        environment: google.peerEnvironment,
        counterparts: [google.child],
      });
      return [
        await loop(tls, how, { ...settings, ...google.addresses } satisfies GmailCallsSettings),
        await loop(plain, "the same without TLS", {
          ...settings,
          ...google.plainAddresses,
        } satisfies GmailCallsSettings),
      ];
    };
    const candidates = [
      ...(await way("documented", [DOCUMENTED, DOCUMENTED_PLAIN], "OAuth2Client with a token, default transport")),
      ...(await way(
        "draftmill",
        [OURS, OURS_PLAIN],
        "the worker's Gmail client, from a bundle as shipped: googleapis over its own transport",
      )),
    ];
    const { rounds, windowMs } = context.scale;
    const samples = await interleave(candidates, rounds, windowMs, context.tell);
    const cpu = ({ cpuUs }: { readonly cpuUs: number }): number => cpuUs;
    const target = (against: string, documented: string, ours: string) =>
      ({
        what: "the Gmail call, times less CPU",
        against,
        bound: "at least",
        value: 3.5,
        measured: ratioOf(samples, documented, ours, cpu),
        unit: "×",
      }) as const;
    return {
      name: "gmail",
      title: "The Gmail call",
      told: [
        `${width} calls of \`users.drafts.create\` under way at all times, a Gmail that answers at once, 300 bytes of MIME.`,
      ],
      tables: [sampleTable(candidates, samples, DOCUMENTED, "call")],
      targets: [
        target("googleapis as documented, TLS", DOCUMENTED, OURS),
        target("googleapis as documented, no TLS", DOCUMENTED_PLAIN, OURS_PLAIN),
      ],
      plots: [],
      figures: { gmailCallUs: over(samples, OURS, cpu).median },
    };
  },
};
