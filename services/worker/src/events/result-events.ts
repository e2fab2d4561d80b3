import type { Batch } from "@draftmill/shared/batch/batch.ts";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { StateCounts } from "@draftmill/shared/ledger/ledger.ts";
import type { OutgoingMessage } from "@draftmill/shared/pubsub/topic-publisher.ts";
import { batchEvent } from "./batch-event.ts";
import { type EventContent, encodeCloudEvent } from "./cloud-event.ts";
import { draftEvent } from "./draft-event.ts";

/**
 * Tells what has become of requests and batches. Each call resolves once the topic has acknowledged, and throws
 * EVENT_UNCONFIRMED otherwise, within ten seconds: whoever calls then has to call again. Telling the same again has the same id.
 */
export interface ResultEvents {
  /** Nothing of a request that is still open, or that was withdrawn. */
  tellDraft(record: DraftRecord): Promise<void>;
  /** That each request of the batch has ended. */
  tellBatch(batch: Batch, completedAtMs: number, counts: StateCounts): Promise<void>;
}

export interface ResultEventsOptions {
  readonly topic: { publish(message: OutgoingMessage): Promise<void> };
  readonly source: string;
}

export function createResultEvents({ topic, source }: ResultEventsOptions): ResultEvents {
  const publish = async (content: EventContent): Promise<void> => {
    try {
      await topic.publish(encodeCloudEvent(content, source));
    } catch (error) {
      throw new DraftError("EVENT_UNCONFIRMED", { cause: error });
    }
  };
  return {
    async tellDraft(record) {
      const content = draftEvent(record);
      if (content !== null) await publish(content);
    },
    tellBatch: (batch, completedAtMs, counts) => publish(batchEvent(batch, completedAtMs, counts)),
  };
}
