import type { Clock } from "@draftmill/shared/clock.ts";
import type { LiveSubscription } from "./live-subscription.ts";
import type { Store } from "./store.ts";
import type { Topic } from "./topic.ts";

const SWEEP_MS = 60_000;

/** How long a topic's messages stay after everybody has acknowledged them, for a later seek; 0: not at all. */
export function keptForMs(topic: Topic | undefined, subscriptions: readonly LiveSubscription[]): number {
  const byTopic = topic?.messageRetentionMs ?? 0;
  const kept = subscriptions.map(({ config }) => (config.retainAckedMessages ? config.messageRetentionMs : 0));
  return Math.max(0, byTopic, ...kept);
}

/** What the sweep looks at, afresh each time. */
export interface Sweepable {
  topics(): readonly Topic[];
  subscriptions(): readonly LiveSubscription[];
  subscriptionsOf(topic: string): readonly LiveSubscription[];
}

/** Drops, once a minute until the signal aborts, what has outlived its retention. It gets no dead letter. */
export async function sweep(what: Sweepable, store: Store, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const nowMs = clock.nowMs();
    for (const live of what.subscriptions()) live.dropPublishedBefore(nowMs - live.config.messageRetentionMs);
    for (const topic of what.topics()) {
      const keepMs = keptForMs(topic, what.subscriptionsOf(topic.name));
      if (keepMs > 0) store.group.defer(() => store.dropUnwanted(topic.name, nowMs - keepMs));
    }
    await clock.sleep(SWEEP_MS, signal).catch(() => undefined);
  }
}
