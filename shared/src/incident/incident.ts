import { createHash } from "node:crypto";
import { RECORD_TTL_MS, type RecordProblem } from "../contract/draft-record.ts";
import type { DocumentKind } from "../ledger/documents.ts";

/**
 * Something that an administrator must set right before drafts can be made in a mailbox. While it is open no call for
 * that mailbox leaves but a probe now and then, and what comes in for it is parked. All times are milliseconds since the epoch.
 */
export interface Incident {
  /** The same for every incident of one mailbox and code: one that comes back is the same document, opened again. */
  readonly id: string;
  readonly mailbox: string;
  readonly code: string;
  readonly problem: RecordProblem;
  readonly state: "open" | "closed";
  readonly openedAtMs: number;
  /** When the sweep next asks Google whether it is over. */
  readonly probeAtMs: number;
  /** How often it has asked since it was opened. */
  readonly probes: number;
  readonly closedAtMs: number | null;
  /** `probe`: Google serves the mailbox again. `replay`: an operator says that it is mended. */
  readonly closedBy: "probe" | "replay" | null;
}

export function incidentIdOf(mailbox: string, code: string): string {
  return createHash("sha256").update(`${mailbox}\n${code}`).digest("hex").slice(0, 32);
}

export const INCIDENTS: DocumentKind<Incident> = {
  name: "incident",
  // The store is ours alone: what parses as JSON there is what was written.
  parse: (value) => value as Incident,
  idOf: ({ id }) => id,
  expireAtMsOf: ({ openedAtMs, closedAtMs, probeAtMs }) =>
    Math.max(openedAtMs, closedAtMs ?? 0, probeAtMs) + RECORD_TTL_MS,
};
