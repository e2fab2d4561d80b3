import { readFile } from "node:fs/promises";
import { CliError, UsageError } from "./cli-error.ts";
import type { Connection } from "./client.ts";
import { identityToken } from "./identity-token.ts";
import type { CommandLine } from "./parse-command-line.ts";
import type { Terminal } from "./terminal.ts";

export const LOCAL_URL = "http://127.0.0.1:8080";

/** Which service is meant, and with which token it is spoken to. Throws UsageError for a URL that would give the token away. */
export function connectionOf({ url, tokenFile }: CommandLine["common"], terminal: Terminal): Connection {
  const { env, signal, clock, stderr } = terminal;
  const service = serviceUrl(url ?? (env.DRAFTMILL_URL || LOCAL_URL));
  const given = tokenFile !== undefined || Boolean(env.DRAFTMILL_TOKEN);
  const isLocal = isLoopback(service);
  const isOpen = service.protocol === "http:";
  if (isOpen && !isLocal && given)
    throw new UsageError(`${service.href} is not encrypted, and your token would be read on the way`, "use https://");
  let known: Promise<string> | null = null;
  return {
    url: withoutSlash(service.href),
    async token(fresh) {
      if (tokenFile !== undefined) return tokenIn(tokenFile);
      if (env.DRAFTMILL_TOKEN) return env.DRAFTMILL_TOKEN.trim();
      // Without encryption there is nobody to give a token to.
      if (isLocal || isOpen) return null;
      if (known === null || fresh) known = identityToken(env.DRAFTMILL_AUDIENCE || service.origin, terminal);
      return known;
    },
    clock,
    signal,
    onWait(why, ms) {
      void stderr.write(`${why}: trying again in ${Math.ceil(ms / 1_000)} s\n`).catch(() => {});
    },
  };
}

function serviceUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== "" || url.username !== "")
    throw new UsageError(`${JSON.stringify(text)} is not the URL of a service`, `draftmill --url ${LOCAL_URL} …`);
  return url;
}

/** Of this machine: nothing that is sent there leaves it. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

async function tokenIn(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new CliError(`the token file cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
  const token = text.trim();
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new CliError(`${path} holds no token`, { next: `draftmill login --save ${path}` });
  return token;
}

function withoutSlash(href: string): string {
  let end = href.length;
  while (href.charAt(end - 1) === "/") end -= 1;
  return href.slice(0, end);
}
