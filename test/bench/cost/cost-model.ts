import { PRICES, QUOTAS } from "./prices.ts";

/** What `npm run bench` has measured, by the names that its benches give. */
export interface CostFigures {
  /** Per request of one draft. */
  readonly apiCpuUs: number;
  /** Per draft in a batch of 1,000. */
  readonly batchCpuUs: number;
  readonly workerCpuUs: number;
  /** One call of a Google API, which a call of Firestore is too. */
  readonly gmailCallUs: number;
  readonly apiLogBytes: number;
  readonly workerLogBytes: number;
}

/** How the drafts come in. */
export type Ingress = "single" | "batch";

export interface CostLine {
  readonly service: string;
  /** The arithmetic, in words. */
  readonly how: string;
  readonly dollars: number;
}

/** What is assumed and not measured; each is named on the page. */
export const ASSUMED = {
  /** A draft's JSON with attributes, ordering key, id and time, as Pub/Sub counts it. */
  messageBytes: 600,
  /** A call of Gmail, two of Firestore, and the way to them. */
  draftMs: 400,
  /** Requests of one instance at a time. */
  concurrency: 80,
  /** Cloud Run adds instances so that they are busy to this share. */
  cpuTarget: 0.6,
  vcpu: 1,
  memoryGib: 0.5,
  /** What Cloud Logging keeps around each of our lines, and Cloud Run's own line for each request. */
  logEnvelopeBytes: 500,
  requestLogBytes: 1_000,
  /** A record with its index entries. */
  recordBytes: 1_500,
  /** Somebody looks at the progress: one read for each draft is more than that takes. */
  readsPerDraft: 1,
  batchSize: 1_000,
} as const;

const MILLION = 1_000_000;
const GIB = 2 ** 30;
const TIB = 2 ** 40;

/** A draft's writes: accepted, claimed, completed. A batch's rows are written first by their claim. */
export function writesPerDraft(ingress: Ingress): number {
  return ingress === "single" ? 3 : 2;
}

/** With the ledger in Firestore: on top of what was measured with one in SQLite, a call of a Google API for each write. */
export function workerCpuUs(figures: CostFigures): number {
  return figures.workerCpuUs + 2 * figures.gmailCallUs;
}

/** Drafts a second that one instance makes: by its slots, or by its processor. */
export function draftsPerSecond(figures: CostFigures): number {
  const bySlots = (ASSUMED.concurrency * 1_000) / ASSUMED.draftMs;
  const byCpu = (ASSUMED.cpuTarget * ASSUMED.vcpu * MILLION) / workerCpuUs(figures);
  return Math.min(bySlots, byCpu);
}

/** Of a million drafts, beyond every free tier. */
export function costPerMillion(figures: CostFigures, ingress: Ingress): readonly CostLine[] {
  const { pubsub, cloudRun, firestore, logging } = PRICES;
  const perRequest = Math.max(pubsub.requestBytesMin, ASSUMED.messageBytes);
  const published = ingress === "single" ? perRequest : ASSUMED.messageBytes;
  const pubsubBytes = published + perRequest;

  const perSecond = cloudRun.perVcpuSecond * ASSUMED.vcpu + cloudRun.perGibSecond * ASSUMED.memoryGib;
  const workerSeconds = MILLION / draftsPerSecond(figures);
  const apiUs = ingress === "single" ? figures.apiCpuUs + figures.gmailCallUs : figures.batchCpuUs;
  const apiSeconds = apiUs / ASSUMED.cpuTarget;
  const apiRequests = ingress === "single" ? MILLION : MILLION / ASSUMED.batchSize;

  const writes = writesPerDraft(ingress);
  const ofRecords = (MILLION * ASSUMED.recordBytes) / GIB;
  const apiLines = ingress === "single" ? 1 : 1 / ASSUMED.batchSize;
  const logBytes =
    figures.workerLogBytes +
    ASSUMED.logEnvelopeBytes +
    ASSUMED.requestLogBytes +
    apiLines * (figures.apiLogBytes + ASSUMED.logEnvelopeBytes + ASSUMED.requestLogBytes);
  return [
    {
      service: "Pub/Sub",
      how: `${n(pubsubBytes)} bytes, published and pushed, at $${pubsub.perTib} a TiB`,
      dollars: ((pubsubBytes * MILLION) / TIB) * pubsub.perTib,
    },
    {
      service: "Cloud Run, requests",
      how: `${n(MILLION + apiRequests)} at $${cloudRun.perMillionRequests.toFixed(2)} a million`,
      dollars: ((MILLION + apiRequests) / MILLION) * cloudRun.perMillionRequests,
    },
    {
      service: "Cloud Run, worker",
      how: `${n(workerSeconds)} s of an instance at ${n(draftsPerSecond(figures))} drafts a second`,
      dollars: workerSeconds * perSecond,
    },
    {
      service: "Cloud Run, api",
      how: `${n(apiSeconds)} s of an instance at ${n(apiUs)} µs a draft, busy to ${ASSUMED.cpuTarget * 100} %`,
      dollars: apiSeconds * perSecond,
    },
    {
      service: "Firestore",
      how: `${writes} writes, ${ASSUMED.readsPerDraft} read, 1 TTL delete a draft; ${ofRecords.toFixed(1)} GiB for a month`,
      dollars:
        writes * firestore.perMillionWrites +
        ASSUMED.readsPerDraft * firestore.perMillionReads +
        firestore.perMillionDeletes +
        ofRecords * firestore.perGibMonth,
    },
    {
      service: "Logging",
      how: `${n(logBytes)} bytes a draft, Cloud Run's own request lines included, at $${logging.perGib.toFixed(2)} a GiB`,
      dollars: ((logBytes * MILLION) / GIB) * logging.perGib,
    },
    { service: "Scheduler, IAM, Gmail", how: "one job of three free ones; signJwt and Gmail cost nothing", dollars: 0 },
  ];
}

export function totalOf(lines: readonly CostLine[]): number {
  return lines.reduce((sum, { dollars }) => sum + dollars, 0);
}

/** Instances of the worker for so many drafts an hour that come evenly. */
export function instancesFor(figures: CostFigures, draftsPerHour: number): number {
  return Math.ceil(draftsPerHour / 3_600 / draftsPerSecond(figures));
}

export interface Limit {
  readonly name: string;
  readonly allowed: number;
  readonly needed: number;
}

/** What a day's drafts, made in so many hours, need of each quota of one project: the one that binds first comes first. */
export function limitsFor(
  figures: CostFigures,
  day: { readonly drafts: number; readonly hours: number; readonly mailboxes: number },
): readonly Limit[] {
  const { gmail, signJwtPerMinute, cloudRunInstances } = QUOTAS;
  const draftsPerMinute = day.drafts / day.hours / 60;
  const instances = instancesFor(figures, draftsPerMinute * 60);
  const limits: Limit[] = [
    { name: "Gmail units a day", allowed: gmail.perDay, needed: day.drafts * gmail.unitsPerCreate },
    { name: "Gmail units a minute", allowed: gmail.perMinute, needed: draftsPerMinute * gmail.unitsPerCreate },
    {
      name: "Gmail units a minute and mailbox",
      allowed: gmail.perMinuteAndUser,
      needed: (draftsPerMinute * gmail.unitsPerCreate) / day.mailboxes,
    },
    // Each instance has a token of its own for each mailbox, for an hour.
    { name: "signJwt a minute", allowed: signJwtPerMinute, needed: (instances * day.mailboxes) / 60 },
    { name: "Cloud Run instances", allowed: cloudRunInstances, needed: instances },
  ];
  return limits.sort((a, b) => b.needed / b.allowed - a.needed / a.allowed);
}

function n(value: number): string {
  return Math.round(value).toLocaleString("en");
}
