import type { IncomingHttpHeaders } from "node:http";
import { isLoopback } from "./env.ts";
import { isLoopbackHost } from "./foreign-page.ts";

/** What a proxy adds to a call that it passes on. */
const FORWARDED = ["forwarded", "x-forwarded-for", "via", "x-real-ip"] as const;

/**
 * Whether a call comes from a program on this machine, a sidecar among them: over loopback, by a loopback name, and not passed
 * on by a proxy for somebody else. A web page that rebinds its name comes with that name.
 */
export function isOwnMachine(remoteAddress: string | undefined, headers: IncomingHttpHeaders): boolean {
  const address = remoteAddress?.replace(/^::ffff:/, "");
  if (address === undefined || !isLoopback(address) || !isLoopbackHost(headers.host)) return false;
  return FORWARDED.every((name) => headers[name] === undefined);
}
