import type { IdTokenSigner } from "./id-token-signer.ts";

export interface SweepTimerOptions {
  /** Asked each time: a worker that came back may listen elsewhere. */
  readonly workerUrl: () => string;
  /** What the worker's token must say; null when it asks for none. */
  readonly push: { readonly audience: string; readonly serviceAccount: string } | null;
  readonly signer: IdTokenSigner;
  /** 0: only when asked for. */
  readonly everyMs: number;
  /** How long one sweep is waited for; a minute unless given. */
  readonly timeoutMs?: number;
  /** A sweep that failed; the next one comes all the same. */
  readonly onFailure: (reason: string) => void;
}

/** What Cloud Scheduler does in production: POST /sweep with an identity token, again and again. */
export interface SweepTimer {
  /** One sweep now; resolves with the worker's report. */
  sweep(): Promise<Readonly<Record<string, unknown>>>;
  /** Waits for a sweep that is under way. */
  close(): Promise<void>;
}

/** A sweep ends itself after 50 s. */
const TIMEOUT_MS = 60_000;
const TOKEN_LIFETIME_S = 3_600;

export function startSweepTimer({
  workerUrl,
  push,
  signer,
  everyMs,
  timeoutMs = TIMEOUT_MS,
  onFailure,
}: SweepTimerOptions): SweepTimer {
  const closing = new AbortController();
  let underWay: Promise<unknown> | null = null;

  const sweep = async (): Promise<Readonly<Record<string, unknown>>> => {
    const authorization = push === null ? {} : { authorization: `Bearer ${await tokenOf(push, signer)}` };
    const answer = await fetch(`${workerUrl()}/sweep`, {
      method: "POST",
      headers: authorization,
      signal: AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]),
    });
    if (answer.ok) return (await answer.json()) as Readonly<Record<string, unknown>>;
    await answer.body?.cancel();
    throw new Error(`the worker answered ${answer.status} to POST /sweep`);
  };
  const tick = (): void => {
    if (underWay !== null) return;
    underWay = sweep()
      .catch((error: unknown) => {
        if (!closing.signal.aborted) onFailure(error instanceof Error ? error.message : String(error));
      })
      .finally(() => {
        underWay = null;
      });
  };
  const timer = everyMs === 0 ? undefined : setInterval(tick, everyMs);
  return {
    sweep,
    async close() {
      clearInterval(timer);
      closing.abort();
      await underWay;
    },
  };
}

function tokenOf(
  { audience, serviceAccount }: { readonly audience: string; readonly serviceAccount: string },
  signer: IdTokenSigner,
): Promise<string> {
  const nowSeconds = Math.floor(Date.now() / 1_000);
  return signer.sign({
    iss: "https://accounts.google.com",
    aud: audience,
    sub: serviceAccount,
    email: serviceAccount,
    email_verified: true,
    iat: nowSeconds,
    exp: nowSeconds + TOKEN_LIFETIME_S,
  });
}
