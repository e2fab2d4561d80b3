const LONGEST_MS = 60 * 60 * 1000;

/** How long after its opening or its last probe an incident is probed: a third of a lease (a minute), doubling up to an hour. */
export function probeDelayMs(probes: number, leaseMs: number): number {
  return Math.min((leaseMs / 3) * 2 ** probes, LONGEST_MS);
}
