/** What a bucket holds and how fast it fills. */
export interface BucketSize {
  readonly burst: number;
  readonly requestsPerSecond: number;
}

/** A caller's bucket after a call. */
export interface BucketLevel {
  /** False: the call must not go on. */
  readonly taken: boolean;
  /** Calls that may follow at once. */
  readonly remaining: number;
  /** Until one more may follow. 0 when `remaining` is not. */
  readonly nextMs: number;
  /** Until the bucket is full. */
  readonly fullMs: number;
}

interface Bucket {
  level: number;
  atMs: number;
  size: BucketSize;
}

/** Full buckets are let go once there are this many: a bucket that is not there is full. */
const BUCKETS_KEPT = 1_000;

/** One token bucket for each caller, in this process. Takes its time from the caller: milliseconds that never go backwards. */
export class TokenBuckets {
  readonly #buckets = new Map<string, Bucket>();
  #tidyAt = BUCKETS_KEPT;

  /** Takes one token, if there is one. A change of `size` goes for what the bucket holds already. */
  take(caller: string, size: BucketSize, nowMs: number): BucketLevel {
    const bucket = this.#buckets.get(caller) ?? this.#add(caller, size, nowMs);
    bucket.level = levelAt(bucket, nowMs, size);
    bucket.atMs = nowMs;
    bucket.size = size;
    const taken = bucket.level >= 1;
    if (taken) bucket.level -= 1;
    const msFor = (level: number): number => (Math.max(0, level - bucket.level) / size.requestsPerSecond) * 1000;
    return { taken, remaining: Math.floor(bucket.level), nextMs: msFor(1), fullMs: msFor(size.burst) };
  }

  /** How many callers have a bucket now. */
  get count(): number {
    return this.#buckets.size;
  }

  #add(caller: string, size: BucketSize, nowMs: number): Bucket {
    if (this.#buckets.size >= this.#tidyAt) this.#tidy(nowMs);
    const bucket = { level: size.burst, atMs: nowMs, size };
    this.#buckets.set(caller, bucket);
    return bucket;
  }

  /** Its cost is spread over as many new callers as there are old ones. */
  #tidy(nowMs: number): void {
    for (const [caller, bucket] of this.#buckets) {
      if (levelAt(bucket, nowMs, bucket.size) >= bucket.size.burst) this.#buckets.delete(caller);
    }
    this.#tidyAt = Math.max(BUCKETS_KEPT, 2 * this.#buckets.size);
  }
}

/** What came in since the last call came at the rate of that time. */
function levelAt({ level, atMs, size }: Bucket, nowMs: number, { burst }: BucketSize): number {
  return Math.min(burst, level + ((nowMs - atMs) / 1000) * size.requestsPerSecond);
}
