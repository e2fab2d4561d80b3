import type { Model } from "../model.ts";
import { copyOf, type Emit, type State } from "../state.ts";

/**
 * Time, as far as the protocol can tell it: a lease runs out, by the store's clock and by its owner's alike. Not while a
 * create of that fence is on its way: it left in the first third of the lease and lands within the rest, unless the
 * variant gives that assumption up.
 */
export function leaseSteps({ protocol, records }: Model, state: State, emit: Emit): void {
  const fences = new Set<number>();
  if (records.hasLiveLease(state.record)) fences.add(records.at(state.record).fence);
  for (const worker of state.workers) if (worker?.fresh) fences.add(worker.fence);
  for (const fence of fences) {
    if (protocol.landsWithinLease && state.posts.some((post) => post.fence === fence)) continue;
    const next = copyOf(state);
    if (records.hasLiveLease(state.record) && records.at(state.record).fence === fence) {
      next.record = records.afterLease(state.record);
    }
    for (const worker of next.workers) if (worker?.fence === fence) worker.fresh = false;
    emit(`the lease of fence ${fence} runs out`, next);
  }
}
