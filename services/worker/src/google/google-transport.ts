import { gaxios } from "google-auth-library";

/** The HTTP client under every call to Google. */
export type GoogleTransport = gaxios.Gaxios;

/**
 * One deadline for each call, no retries and no redirects: gaxios would repeat reads by itself, and a redirected POST
 * would be a second one. Whoever calls knows better what a failure means.
 * @param timeoutMs 0 where the fetch has a deadline of its own
 */
export function openGoogleTransport(
  timeoutMs: number,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): GoogleTransport {
  return new gaxios.Gaxios({ timeout: timeoutMs, retry: false, redirect: "manual", fetchImplementation: fetch });
}
