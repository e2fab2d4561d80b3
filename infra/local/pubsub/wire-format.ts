import { invalid } from "./pubsub-error.ts";

/** How durations, times, bytes and masks are spelled: gRPC and JSON differ in these alone. */
export interface WireFormat {
  readonly name: "proto" | "json";
  duration(value: unknown): number;
  timestamp(value: unknown): number;
  bytes(value: unknown): Uint8Array;
  /** Paths in camelCase. */
  mask(value: unknown): string[];
  fromDuration(ms: number): unknown;
  fromTimestamp(ms: number): unknown;
  fromBytes(bytes: Uint8Array): unknown;
}

/** As `@grpc/proto-loader` decodes with `longs: Number, enums: String`. */
export const protoFormat: WireFormat = {
  name: "proto",
  duration: secondsAndNanos,
  timestamp: secondsAndNanos,
  bytes(value) {
    if (value instanceof Uint8Array) return value;
    throw invalid("Expected bytes.");
  },
  mask(value) {
    const paths = isObject(value) && Array.isArray(value.paths) ? value.paths : [];
    return paths.map((path) => lowerCamel(String(path)));
  },
  fromDuration: (ms) => ({ seconds: Math.trunc(ms / 1000), nanos: Math.round((ms % 1000) * 1e6) }),
  fromTimestamp: (ms) => ({
    seconds: Math.floor(ms / 1000),
    nanos: Math.round((ms - Math.floor(ms / 1000) * 1000) * 1e6),
  }),
  fromBytes: (bytes) => bytes,
};

/** https://protobuf.dev/programming-guides/json/ */
export const jsonFormat: WireFormat = {
  name: "json",
  duration(value) {
    const match = typeof value === "string" ? /^(-?\d+(?:\.\d{1,9})?)s$/.exec(value) : null;
    if (match === null) throw invalid('A duration is written in seconds, for example "600s".');
    return Number(match[1]) * 1000;
  },
  timestamp(value) {
    const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
    if (Number.isNaN(ms)) throw invalid('A time is written as in RFC 3339, for example "2026-12-01T08:00:00Z".');
    return ms;
  },
  bytes(value) {
    if (typeof value !== "string" || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) throw invalid("Base64 decoding failed.");
    return Buffer.from(value, "base64");
  },
  mask(value) {
    if (typeof value !== "string") throw invalid("A field mask is a comma-separated string.");
    return value
      .split(",")
      .filter((path) => path !== "")
      .map(lowerCamel);
  },
  fromDuration: (ms) => `${ms / 1000}s`,
  fromTimestamp: (ms) => new Date(ms).toISOString(),
  fromBytes: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64"),
};

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function secondsAndNanos(value: unknown): number {
  if (!isObject(value)) throw invalid("Expected seconds and nanos.");
  return Number(value.seconds ?? 0) * 1000 + Math.trunc(Number(value.nanos ?? 0) / 1e6);
}

/** "ackIds" for "ack_ids"; JSON clients may write either. */
export function lowerCamel(path: string): string {
  return path.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}
