/**
 * Retries within `timeoutMs`: the library's own settings (all of which must be given together) go on for 60 s and
 * quadruple each pause, which is longer than anybody waits for an HTTP answer.
 */
export function publishSettings(timeoutMs: number) {
  return {
    timeout: timeoutMs,
    retry: {
      backoffSettings: {
        initialRetryDelayMillis: 100,
        retryDelayMultiplier: 1.5,
        maxRetryDelayMillis: 1_000,
        initialRpcTimeoutMillis: timeoutMs / 2,
        rpcTimeoutMultiplier: 1,
        maxRpcTimeoutMillis: timeoutMs / 2,
        totalTimeoutMillis: timeoutMs,
      },
    },
  };
}
