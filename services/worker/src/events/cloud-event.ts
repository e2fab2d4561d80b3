import { createHash } from "node:crypto";

/** What an event is about; the envelope adds the rest. */
export interface EventContent {
  readonly type: EventType;
  /** The request's or the batch's id. */
  readonly subject: string;
  /** What this event, and no other of its type and subject, is of. Told again it must be the same. */
  readonly occurrence: readonly (string | number)[];
  readonly timeMs: number;
  readonly data: object;
}

export const EVENT_TYPES = [
  "draftmill.draft.created",
  "draftmill.draft.failed",
  "draftmill.draft.parked",
  "draftmill.batch.completed",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** A message of the events' topic. */
export interface EncodedEvent {
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * CloudEvents 1.0 as JSON, in structured mode (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md;
 * https://github.com/googleapis/google-cloudevents/blob/main/docs/spec/pubsub.md says how it travels on Pub/Sub). The type stands in an
 * attribute as well: a subscription's filter sees attributes only. The id does not, as no filter asks for one.
 */
export function encodeCloudEvent(
  { type, subject, occurrence, timeMs, data }: EventContent,
  source: string,
): EncodedEvent {
  const event = {
    specversion: "1.0",
    id: idOf(type, subject, occurrence),
    source,
    type,
    subject,
    time: new Date(timeMs).toISOString(),
    datacontenttype: "application/json",
    data,
  };
  return {
    data: Buffer.from(JSON.stringify(event), "utf8"),
    attributes: { "content-type": "application/cloudevents+json", "ce-type": type },
  };
}

/** The project, as a dedupeKey stands for one id in each installation. */
export function sourceIn(project: string): string {
  return `//draftmill/projects/${project}/worker`;
}

function idOf(type: EventType, subject: string, occurrence: EventContent["occurrence"]): string {
  return createHash("sha256")
    .update(JSON.stringify([type, subject, ...occurrence]))
    .digest("base64url");
}
