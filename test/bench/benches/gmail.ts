import type { Bench } from "../bench-context.ts";
import { interleave } from "../measure/rounds.ts";
import type { GmailCallsSettings } from "../peers/gmail-calls.ts";
import type { GoogleAddresses } from "../peers/signed-token.ts";
import { over, ratioOf, sampleTable } from "../report/sample-table.ts";
import { loopCandidate, startGoogle } from "../stage.ts";

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
    const google = await startGoogle(context, { latencyMs: 0 });
    const candidate = (
      name: string,
      client: GmailCallsSettings["client"],
      addresses: GoogleAddresses,
      configuration: string,
    ) =>
      loopCandidate(context, {
        name,
        configuration,
        path: "peers/gmail-calls.ts",
        environment: google.peerEnvironment,
        counterparts: [google.child],
        settings: { ...addresses, client, width: WIDTH } satisfies GmailCallsSettings,
      });
    const candidates = [
      await candidate(
        DOCUMENTED,
        "documented",
        google.addresses,
        "as documented: OAuth2Client with a token, default transport",
      ),
      await candidate(
        OURS,
        "draftmill",
        google.addresses,
        "the worker's Gmail client: googleapis over its own transport",
      ),
      await candidate(DOCUMENTED_PLAIN, "documented", google.plainAddresses, "the same without TLS"),
      await candidate(OURS_PLAIN, "draftmill", google.plainAddresses, "the same without TLS"),
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
        `${WIDTH} calls of \`users.drafts.create\` under way at all times, a Gmail that answers at once, 300 bytes of MIME.`,
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
