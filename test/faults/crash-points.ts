import type { Side } from "../support/tcp-proxy.ts";
import type { Lines } from "./fault-stack.ts";
import type { Spot } from "./strike.ts";

/**
 * How a worker or an api comes to harm at a point:
 * - `SIGKILL`, `exit`: its process ends while every request of the case is there
 * - `throw`: its call fails as when the other side is away; on a line between two parts, the line is cut
 * - `throw Error`: its call throws what nobody has a class for
 * - `hang`: it stands still for longer than the lease, then goes on
 */
export const CRASH_MODES = ["SIGKILL", "exit", "throw", "throw Error", "hang"] as const;

export type CrashMode = (typeof CRASH_MODES)[number];

/**
 * What a request meets on its way:
 * - `plain`: nothing
 * - `answer lost`: its draft is made, the answer to the create is not
 * - `throttled`: Gmail wants its mailbox left alone for a while
 * - `refused`: Gmail will never take it
 * - `undelegated`: Google refuses to act for its mailbox
 * - `given up`: Pub/Sub has tried often enough and forwards it to the dead-letter topic
 */
export type Story = "plain" | "answer lost" | "throttled" | "refused" | "undelegated" | "given up";

interface Point {
  /** As in ids and addresses. */
  readonly name: string;
  readonly what: string;
}

/** Between two of a worker's own steps, on the way of a delivery. */
export interface StepPoint extends Point {
  readonly spot: Spot;
  readonly story: Story;
  /** In these modes a create may land after its lease, and two drafts lie there until the sweep (design, section 7). */
  readonly twoForAWhile?: readonly CrashMode[];
}

/** In the order in which a delivery comes to them. */
export const STEP_POINTS: readonly StepPoint[] = [
  { name: "received", what: "push received, before the claim", spot: "before processing", story: "plain" },
  { name: "claimed", what: "claimed, nothing sent yet", spot: "after processing", story: "plain" },
  { name: "signing", what: "signJwt about to leave", spot: "before signJwt", story: "plain" },
  { name: "signed", what: "signJwt answered", spot: "after signJwt", story: "plain" },
  { name: "token", what: "token answered", spot: "after token", story: "plain" },
  {
    name: "leaving",
    what: "create past its guard, about to leave",
    spot: "before create",
    story: "plain",
    twoForAWhile: ["hang"],
  },
  { name: "answered", what: "create answered, not read", spot: "after create", story: "plain" },
  { name: "made", what: "draft made, before its record", spot: "before created", story: "plain" },
  { name: "recorded", what: "draft on record, before the 204", spot: "after created", story: "plain" },
  { name: "looking", what: "find about to leave", spot: "before list", story: "answer lost" },
  { name: "listed", what: "find answered, not read", spot: "after list", story: "answer lost" },
  { name: "found", what: "draft found, before its record", spot: "before created", story: "answer lost" },
  { name: "adopted", what: "found draft on record, before the 204", spot: "after created", story: "answer lost" },
  { name: "throttled", what: "429, before the release", spot: "before queued", story: "throttled" },
  { name: "released", what: "released after a 429", spot: "after queued", story: "throttled" },
  { name: "told", what: "dead letter out, before its record", spot: "before failed", story: "refused" },
  { name: "failed", what: "failure on record, before the 204", spot: "after failed", story: "refused" },
  { name: "unparked", what: "admin failure told, before its record", spot: "before parked", story: "undelegated" },
  { name: "parked", what: "parked, before its incident is open", spot: "after parked", story: "undelegated" },
  { name: "letter", what: "dead letter received, before its record", spot: "before dead", story: "given up" },
  { name: "dead", what: "dead letter on record, before the 204", spot: "after dead", story: "given up" },
];

/** What a record is when the sweep, or a replay that the sweep carries out, comes to it. */
export type Find = "unpublished" | "failed, draft there" | "draft twice" | "to be replayed";

/** Between two steps of the sweep. */
export interface SweepPoint extends Point {
  readonly spot: Spot;
  readonly find: Find;
}

export const SWEEP_POINTS: readonly SweepPoint[] = [
  { name: "due", what: "sweep: unpublished, before it says so", spot: "before requeued", find: "unpublished" },
  { name: "requeued", what: "sweep: requeued, before its publish", spot: "after requeued", find: "unpublished" },
  {
    name: "adopting",
    what: "sweep: draft found, before its record",
    spot: "before created",
    find: "failed, draft there",
  },
  { name: "swept", what: "sweep: found draft on record", spot: "after created", find: "failed, draft there" },
  { name: "extra", what: "sweep: extra found, before its delete", spot: "before delete", find: "draft twice" },
  {
    name: "deleted",
    what: "sweep: extra deleted, before its look is noted",
    spot: "after delete",
    find: "draft twice",
  },
];

export const REPLAY_POINTS: readonly SweepPoint[] = [
  {
    name: "replaying",
    what: "replay: row taken up, before its record",
    spot: "before requeued",
    find: "to be replayed",
  },
  {
    name: "replayed",
    what: "replay: row on record, before its publish",
    spot: "after requeued",
    find: "to be replayed",
  },
  {
    name: "confirming",
    what: "replay: published, before that is on record",
    spot: "before queued",
    find: "to be replayed",
  },
];

/** On a line between two parts. Everything of a case is there at once. */
export interface LinePoint extends Point {
  readonly line: keyof Lines;
  readonly side: Side;
  readonly upon: string;
  readonly story: Story;
  /** What the line held arrives when its sender is gone. */
  readonly lands?: true;
  readonly twoForAWhile?: readonly CrashMode[];
}

const CREATE = "POST /gmail/v1/users/me/drafts";

/** Each request has a connection of its own. */
export const LINE_POINTS: readonly LinePoint[] = [
  { name: "pushed", what: "push on the wire", line: "push", side: "request", upon: "POST /push", story: "plain" },
  {
    name: "sent",
    what: "create on the wire, never arrives",
    line: "google",
    side: "request",
    upon: CREATE,
    story: "plain",
    twoForAWhile: ["hang"],
  },
  {
    name: "saved",
    what: "draft saved, answer on the wire",
    line: "google",
    side: "answer",
    upon: CREATE,
    story: "plain",
  },
  { name: "done", what: "all done, 204 on the wire", line: "push", side: "answer", upon: "POST /push", story: "plain" },
  {
    name: "landing",
    what: "create on the wire, arrives afterwards",
    line: "google",
    side: "request",
    upon: CREATE,
    story: "plain",
    lands: true,
  },
];

const LETTER = "draftmillCode";

/** All requests share one connection, so that each of these has a kill of its own. */
export const SHARED_LINE_POINTS: readonly LinePoint[] = [
  {
    name: "identity",
    what: "the worker's own token on the wire",
    line: "google",
    side: "answer",
    upon: "GET /computeMetadata",
    story: "plain",
  },
  {
    name: "telling",
    what: "dead letter on the wire",
    line: "letters",
    side: "request",
    upon: LETTER,
    story: "refused",
  },
  {
    name: "kept",
    what: "dead letter kept, answer on the wire",
    line: "letters",
    side: "answer",
    upon: LETTER,
    story: "refused",
  },
];

/** On the line from the api to Pub/Sub. */
export interface ApiPoint extends Point {
  readonly side: Side;
  /** The state of the records when all requests are there. */
  readonly until: "queued" | "created";
}

export const API_POINTS: readonly ApiPoint[] = [
  { name: "accepted", what: "api: on record, publish on the wire", side: "request", until: "queued" },
  { name: "published", what: "api: published, before the 202", side: "answer", until: "created" },
];
