import { partBraces } from "./part-braces.ts";

/** A publisher of one topic: one client, one channel, for the life of the process. */
export interface TopicPublisher {
  /** Resolves with the messageId once Pub/Sub has acknowledged; rejects within `timeoutMs`, outcome then unknown. */
  publish(message: OutgoingMessage): Promise<string>;
  /**
   * Resolves once Pub/Sub has acknowledged all of them. Rejects within `timeoutMs` with a failure, when none is under way any more; which of
   * them it holds is then unknown. Costs a fraction of as many single publishes.
   */
  publishAll(messages: readonly OutgoingMessage[]): Promise<void>;
  /** Waits for publishes under way, then closes the channel. */
  close(): Promise<void>;
}

export interface OutgoingMessage {
  /** A text goes as UTF-8. */
  readonly data: Buffer | string;
  /** Values, as the ordering key, arrive with a blank between two opening braces. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey?: string | null;
}

export interface TopicPublisherOptions {
  readonly topic: string;
  /** Unset: asked from the metadata server. */
  readonly projectId: string | undefined;
  /** host:port of a Pub/Sub other than Google's. */
  readonly emulatorHost: string | undefined;
  readonly ordered: boolean;
  readonly timeoutMs: number;
  /** What gathers messages into publishes; default: groups. */
  readonly by?: PublishedBy;
}

/** `groups`: what comes while a publish is under way goes together in the next. `library`: the client library's own batches. */
export type PublishedBy = "groups" | "library";

/** Loads the client that it needs, and no other. */
export async function openTopicPublisher({
  by = "groups",
  ...options
}: TopicPublisherOptions): Promise<TopicPublisher> {
  const opened = await openBy(by, options);
  return {
    publish: (message) => opened.publish(partBraces(message)),
    publishAll: (messages) => opened.publishAll(messages.map(partBraces)),
    close: () => opened.close(),
  };
}

async function openBy(by: PublishedBy, options: TopicPublisherOptions): Promise<TopicPublisher> {
  switch (by) {
    case "groups":
      return (await import("./group-publisher.ts")).openGroupPublisher(options);
    case "library":
      return (await import("./library-publisher.ts")).openLibraryPublisher(options);
    default:
      return by satisfies never;
  }
}
