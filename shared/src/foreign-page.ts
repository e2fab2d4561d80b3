import type { IncomingHttpHeaders } from "node:http";
import { isLoopback } from "./env.ts";

/**
 * Whether a call to a loopback address can only come from a program or from a page of that very address. A web page that
 * somebody has open reaches loopback ports, too, and what listens there asks for no login. Browsers tell on such a page:
 * - its own name in Host, when it had that name resolve to 127.0.0.1 (DNS rebinding)
 * - Origin and Sec-Fetch-Site, which no script can forge, with everything that changes something
 *   (https://fetch.spec.whatwg.org/#origin-header, https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header)
 *
 * Answers what gives the page away, or null. Links to a page of ours stay possible: they are GETs.
 */
export function foreignPage(method: string, headers: IncomingHttpHeaders): string | null {
  const { host, origin } = headers;
  if (!isLoopbackHost(host)) return "the Host header does not name a loopback address";
  if (method === "GET" || method === "HEAD") return null;
  if (origin !== undefined && origin !== `http://${host}`) return "the Origin header names another page";
  const site = headers["sec-fetch-site"];
  const isForeign = site !== undefined && site !== "same-origin" && site !== "none";
  return isForeign ? "the Sec-Fetch-Site header tells of another page" : null;
}

/** Whether a Host header, with or without a port, names this machine and no other. */
export function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && isLoopback(host.replace(/:\d+$/, "").toLowerCase());
}
