import { CREATE_LEFT, logStrike, type Step, type Strikes } from "./strike.ts";

/**
 * A fetch as it is, save that a worker's calls to Google can be struck before they leave, or when their answer has
 * come and nobody has seen it. A call that is struck has no deadline: a process that stands still has no timers, and a
 * slow machine is to come to the spot.
 */
export function struckFetch({ strike, isOrdered }: Strikes, fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  /** Gmail's calls say "me": whom a token is for was said when it was asked for. */
  const mailboxOf = new Map<string, string>();
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const step = stepOf(url, init?.method ?? "GET");
    if (step === null) return fetch(input, init);
    const mailbox = mailboxIn(step, init) ?? mailboxOf.get(new Headers(init?.headers).get("authorization") ?? "") ?? "";
    const stoodStill = await strike(`before ${step}`, mailbox, away);
    const hasDeadline = !stoodStill && !isOrdered(`after ${step}`, mailbox);
    if (step === "create") logStrike(CREATE_LEFT, mailbox, Date.now());
    const answer = await fetch(input, hasDeadline ? init : { ...init, signal: null });
    const bytes = await answer.arrayBuffer();
    if (step === "token" && answer.ok) mailboxOf.set(`Bearer ${accessTokenIn(bytes)}`, mailbox);
    await strike(`after ${step}`, mailbox, away);
    const { status, statusText, headers } = answer;
    return new Response(bytes.byteLength === 0 ? null : bytes, { status, statusText, headers });
  };
}

function stepOf({ pathname }: URL, method: string): Step | null {
  if (pathname.endsWith(":signJwt")) return "signJwt";
  if (pathname === "/token") return "token";
  if (!pathname.startsWith("/gmail/v1/users/me/drafts")) return null;
  if (method === "POST") return "create";
  if (method === "DELETE") return "delete";
  return pathname.endsWith("/drafts") ? "list" : null;
}

/** Whom the assertion that is to be signed, or that is signed, speaks of. */
function mailboxIn(step: Step, init: RequestInit | undefined): string | null {
  const body = String(init?.body ?? "");
  switch (step) {
    case "signJwt":
      return JSON.parse(JSON.parse(body).payload).sub;
    case "token": {
      const [, claims = ""] = (new URLSearchParams(body).get("assertion") ?? "").split(".");
      return JSON.parse(Buffer.from(claims, "base64url").toString("utf8")).sub;
    }
    default:
      return null;
  }
}

function accessTokenIn(bytes: ArrayBuffer): string {
  return JSON.parse(Buffer.from(bytes).toString("utf8")).access_token;
}

/** As fetch fails when a connection is lost. */
function away(): TypeError {
  return new TypeError("fetch failed", { cause: Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }) });
}
