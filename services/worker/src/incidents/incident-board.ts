import type { Clock } from "@draftmill/shared/clock.ts";
import type { DraftError } from "@draftmill/shared/errors.ts";
import { type Incident, incidentIdOf } from "@draftmill/shared/incident/incident.ts";
import type { Documents } from "@draftmill/shared/ledger/documents.ts";
import type { Logger } from "@draftmill/shared/log.ts";
import { problemOf } from "../failure-record.ts";
import { probeDelayMs } from "./probe-delay.ts";

export interface IncidentBoardDeps {
  readonly incidents: Documents<Incident>;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly log: Logger;
}

/** What this instance knows of the open incidents: it is asked for each delivery, and the ledger is not. */
export interface IncidentBoard {
  /** An incident of the mailbox that is open, asked of the ledger once more if one is known here; null if there is none. */
  openFor(mailbox: string): Promise<Incident | null>;
  /** Opens the incident of a failure that an administrator has to mend; once, however many requests meet it. */
  open(mailbox: string, error: DraftError): Promise<void>;
}

/** An incident that another instance opened is known here after this time, and a request more has met it until then. */
const REFRESH_MS = 10_000;
const LIST_LIMIT = 1_000;

export function createIncidentBoard({ incidents, clock, leaseMs, log }: IncidentBoardDeps): IncidentBoard {
  let open: ReadonlyMap<string, Incident> = new Map();
  let refreshedMs = Number.NEGATIVE_INFINITY;

  /** In the background: a delivery does not wait for it, and a ledger that fails shows elsewhere. */
  const refreshIfOld = (): void => {
    if (clock.monotonicMs() - refreshedMs < REFRESH_MS) return;
    refreshedMs = clock.monotonicMs();
    void incidents.list(LIST_LIMIT).then(
      ({ items }) => {
        open = new Map(items.filter(({ state }) => state === "open").map((incident) => [incident.mailbox, incident]));
      },
      () => {},
    );
  };
  const note = (incident: Incident | null): void => {
    if (incident?.state === "open") open = new Map(open).set(incident.mailbox, incident);
  };

  return {
    async openFor(mailbox) {
      refreshIfOld();
      const known = open.get(mailbox);
      if (known === undefined) return null;
      const now = await incidents.get(known.id);
      if (now?.state === "open") return now;
      open = new Map([...open].filter(([, { id }]) => id !== known.id));
      return null;
    },

    async open(mailbox, error) {
      const nowMs = clock.nowMs();
      const fresh: Incident = {
        id: incidentIdOf(mailbox, error.code),
        mailbox,
        code: error.code,
        problem: problemOf(error),
        state: "open",
        openedAtMs: nowMs,
        probeAtMs: nowMs + probeDelayMs(0, leaseMs),
        probes: 0,
        closedAtMs: null,
        closedBy: null,
      };
      let isNew = false;
      const there = await incidents.create(fresh);
      if (there === null) isNew = true;
      else if (there.state === "closed") {
        await incidents.update(fresh.id, (now) => {
          isNew = now.state === "closed";
          return isNew ? fresh : null;
        });
      }
      note(fresh);
      if (!isNew) return;
      const { code, reason } = error;
      log.error({ incident: fresh.id, code, reason, remedy: error.remedyWithoutAddress }, "incident.opened");
      log.debug({ incident: fresh.id, mailbox }, "incident.mailbox");
    },
  };
}
