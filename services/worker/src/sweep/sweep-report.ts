/** What one sweep did. `unfinished`: its time was over first, and the next one goes on. */
export interface SweepReport {
  /** Records that were due. */
  readonly looked: number;
  readonly republished: number;
  readonly adopted: number;
  readonly extrasDeleted: number;
  /** Extra drafts that somebody may have edited; they are left where they are. */
  readonly extrasKept: number;
  readonly expired: number;
  /** Records that Google could not be asked about. */
  readonly postponed: number;
  /** Incidents that were probed, and those of them that are over. */
  readonly probed: number;
  readonly closed: number;
  /** Requests that replays have requeued. */
  readonly replayed: number;
  /** Batches whose requests have all ended, found so and told. */
  readonly completed: number;
  readonly unfinished: boolean;
}

export type SweepCounts = Partial<Omit<SweepReport, "unfinished">> & { readonly unfinished?: boolean };

export const NOTHING_SWEPT: SweepReport = {
  looked: 0,
  republished: 0,
  adopted: 0,
  extrasDeleted: 0,
  extrasKept: 0,
  expired: 0,
  postponed: 0,
  probed: 0,
  closed: 0,
  replayed: 0,
  completed: 0,
  unfinished: false,
};

export function addCounts(report: SweepReport, counts: SweepCounts): SweepReport {
  return {
    looked: report.looked + (counts.looked ?? 0),
    republished: report.republished + (counts.republished ?? 0),
    adopted: report.adopted + (counts.adopted ?? 0),
    extrasDeleted: report.extrasDeleted + (counts.extrasDeleted ?? 0),
    extrasKept: report.extrasKept + (counts.extrasKept ?? 0),
    expired: report.expired + (counts.expired ?? 0),
    postponed: report.postponed + (counts.postponed ?? 0),
    probed: report.probed + (counts.probed ?? 0),
    closed: report.closed + (counts.closed ?? 0),
    replayed: report.replayed + (counts.replayed ?? 0),
    completed: report.completed + (counts.completed ?? 0),
    unfinished: report.unfinished || (counts.unfinished ?? false),
  };
}
