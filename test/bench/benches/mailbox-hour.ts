import { type Bench, scaled } from "../bench-context.ts";
import { summarise } from "../measure/statistics.ts";
import { AS_SHIPPED } from "../measure/variant.ts";
import { startProduct } from "../stage.ts";

const DRAFTS = 1_000;
const SLOTS = 16;

/** How often Google is called for the drafts of one mailbox. A count, which no machine changes: one round tells it. */
export const mailboxHour: Bench = {
  name: "mailbox-hour",
  about: "calls to Google for 1,000 drafts of one mailbox",
  async run(context) {
    const drafts = scaled(DRAFTS, context.scale);
    const google = await context.counterparts.google({ latencyMs: 0 });
    const worker = await startProduct(context, "worker", AS_SHIPPED, google.environment);
    const load = context.counterparts.load();
    const before = await google.child.mark([]);
    const settings = { url: worker.url, connections: SLOTS, request: google.push(1), run: "hour", requests: drafts };
    await load.start(settings);
    const { failed, firstFailure } = await load.mark([]);
    if (failed > 0) throw new Error(`${failed} pushes failed; the first: ${firstFailure}`);
    const after = await google.child.mark([]);
    const perDraft = (after.done - before.done) / drafts;
    context.tell(`${drafts} drafts, ${after.done - before.done} calls`);
    return {
      name: "mailbox-hour",
      title: "Calls to Google",
      told: [
        `${drafts.toLocaleString("en")} drafts of one mailbox: ${(after.done - before.done).toLocaleString("en")} calls of signJwt, token endpoint and Gmail together.`,
      ],
      tables: [],
      targets: [
        {
          what: "calls to Google per draft, one mailbox hour",
          against: `${drafts.toLocaleString("en")} drafts`,
          bound: "at most",
          // Two for the hour's token.
          value: 1 + 2 / drafts,
          measured: summarise([perDraft]),
          unit: "",
        },
      ],
      plots: [],
      figures: { callsPerDraft: perDraft },
    };
  },
};
