import { gaxios } from "google-auth-library";
import { openPooledFetch } from "./pooled-fetch.ts";

/** The metadata server is on the same machine; those who ask have deadlines of their own, and tries. */
const TIMEOUT_MS = 10_000;

/**
 * Carries what Google's libraries ask the metadata server, which they do through one client of the whole process and, unless it is told
 * otherwise, over node-fetch: a second HTTP client, whose loading is 7 of the 60 ms of processor time of a worker's first draft (measured). The
 * first to say so in a process decides.
 */
export function carryMetadata(by: "pool" | "fetch"): void {
  gaxios.instance.defaults.fetchImplementation ??=
    by === "fetch" ? globalThis.fetch : openPooledFetch({ timeoutMs: TIMEOUT_MS });
}
