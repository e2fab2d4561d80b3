/**
 * List prices in US dollars without taxes, discounts and committed use, of the pages as they were stored by the date below; nothing
 * here was compared with a bill. Region us-central1, which is of Cloud Run's first tier.
 */
export const PRICES = {
  date: "2026-11-27",
  region: "us-central1",
  /** https://cloud.google.com/pubsub/pricing: published and delivered bytes, 1,000 at least for each request. */
  pubsub: { perTib: 40, requestBytesMin: 1_000, freeGib: 10 },
  /** https://cloud.google.com/run/pricing, billed by request: while an instance has at least one. */
  cloudRun: {
    perVcpuSecond: 0.000_024,
    perGibSecond: 0.000_002_5,
    perMillionRequests: 0.4,
    freeVcpuSeconds: 180_000,
    freeGibSeconds: 360_000,
    freeRequests: 2_000_000,
  },
  /** https://cloud.google.com/firestore/pricing, Standard edition. What expires is deleted by a TTL policy, which has no free part. */
  firestore: {
    perMillionReads: 0.3,
    perMillionWrites: 0.9,
    perMillionDeletes: 0.1,
    perGibMonth: 0.15,
    freeWritesPerDay: 20_000,
    freeReadsPerDay: 50_000,
  },
  /** https://cloud.google.com/stackdriver/pricing: 30 days of storage included. */
  logging: { perGib: 0.5, freeGib: 50 },
  /** https://cloud.google.com/scheduler/pricing */
  scheduler: { perJobMonth: 0.1, freeJobs: 3 },
} as const;

/** What Google allows, by default. */
export const QUOTAS = {
  /** https://developers.google.com/workspace/gmail/api/reference/quota, for projects since May 2026. */
  gmail: { unitsPerCreate: 10, perMinuteAndUser: 6_000, perMinute: 1_200_000, perDay: 80_000_000 },
  /** https://cloud.google.com/iam/quotas */
  signJwtPerMinute: 60_000,
  /** https://cloud.google.com/run/quotas: instances of one service, unless more are asked for. */
  cloudRunInstances: 100,
} as const;
