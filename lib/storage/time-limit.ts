/**
 * Of one call to storage with its retries. The SDK's own tryTimeoutInMs is only told to the service: a connection on which
 * no answer comes is waited for without end. GitHub gives up after 10 s, and a 503 must be out before.
 */
export const TIMEOUT_MS = 8_000;

/** For one call; a call that is aborted may have been carried out. */
export function within(timeoutMs: number): AbortSignal {
  return AbortSignal.timeout(timeoutMs);
}
