import { DRAFT_UNITS } from "@draftmill/shared/contract/draft-units.ts";
import { toDraftError } from "@draftmill/shared/errors.ts";
import type { Pacer } from "@draftmill/worker/pacing/pacer.ts";
import type { GmailModel } from "./gmail-model.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export interface WorkerModelOptions {
  readonly clock: VirtualClock;
  readonly random: () => number;
  readonly pacer: Pacer;
  readonly gmail: GmailModel;
  /** What a draft costs at Gmail: nothing where the pacer has paid. */
  readonly unitsAtGmail: number;
}

export interface PacedRequest {
  readonly mailbox: string;
  readonly line: string | null;
}

/** Either way the delivery is acknowledged. */
export type Delivered = "created" | "handed-back";

/** To write a claim or an outcome down. */
const LEDGER_MS = 30;
/** As app.ts. */
const HOLD_MAX_MS = 540_000;
const COLD_START_MS = 2_000;
/** Requests at once that Cloud Run gives one instance, at most. */
const REQUESTS_AT_ONCE = 1_000;

/** One instance of the worker, as far as time goes: what process-draft.ts does, with the product's own limiter. */
export class WorkerModel {
  readonly #options: WorkerModelOptions;
  readonly #readyMs: number;
  #requests = 0;

  constructor(options: WorkerModelOptions) {
    this.#options = options;
    this.#readyMs = COLD_START_MS * (0.5 + options.random());
  }

  get isReady(): boolean {
    return this.#options.clock.monotonicMs() >= this.#readyMs && this.#requests < REQUESTS_AT_ONCE;
  }

  async deliver(request: PacedRequest): Promise<Delivered> {
    const { clock } = this.#options;
    this.#requests += 1;
    const hold = new AbortController();
    clock.after(HOLD_MAX_MS, () => hold.abort());
    try {
      return await this.#process(request, hold.signal);
    } finally {
      this.#requests -= 1;
    }
  }

  async #process({ mailbox, line }: PacedRequest, hold: AbortSignal): Promise<Delivered> {
    const { clock, pacer, gmail, unitsAtGmail } = this.#options;
    for (let isAgain = false; ; isAgain = true) {
      let admission: Awaited<ReturnType<Pacer["admit"]>>;
      try {
        admission = await pacer.admit({ mailbox, line, units: DRAFT_UNITS, isAgain }, hold);
      } catch (error) {
        if (!hold.aborted && toDraftError(error).code !== "GMAIL_THROTTLED") throw error;
        return "handed-back";
      }
      await clock.sleep(LEDGER_MS);
      const answer = await gmail.create(mailbox, unitsAtGmail);
      if (answer === "created") {
        admission.served();
        await clock.sleep(LEDGER_MS);
        return answer;
      }
      admission.refused(answer);
      await clock.sleep(LEDGER_MS);
    }
  }
}
