import { RecoveryTimes } from "./recovery-times.ts";

/** What the workers' logs tell while a run goes on. Of one that is killed the last lines may be missing. */
export class Tally {
  readonly recoveries = new RecoveryTimes();
  readonly #made = new Set<string>();
  readonly #doubled = new Set<string>();
  /** Drafts that a later attempt found, or the sweep, instead of making another. */
  found = 0;
  extrasDeleted = 0;
  /** Failures, of which one request may have several. */
  failures = 0;

  /** Requests whose draft is known to the ledger. */
  get made(): number {
    return this.#made.size;
  }

  /** Requests that had more than one draft at some time. */
  get doubled(): number {
    return this.#doubled.size;
  }

  double(id: string): void {
    this.#doubled.add(id);
  }

  note(event: Readonly<Record<string, unknown>>): void {
    const id = String(event.requestId);
    switch (event.message) {
      case "draft.settled":
        if (event.outcome === "dead-lettered") this.failures += 1;
        if (event.outcome === "created" || event.state === "created") this.#make(id);
        if (event.found === true) this.found += 1;
        return;
      case "draft.adopted":
        this.#make(id);
        this.found += 1;
        return;
      case "draft.extra-deleted":
        this.extrasDeleted += 1;
        this.double(id);
        return;
    }
  }

  #make(id: string): void {
    this.#made.add(id);
    this.recoveries.done(id);
  }
}
