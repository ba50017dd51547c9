import { type Clock, sleep } from '../clock.js';
import { RtnError } from '../error.js';

/** How calls are repeated: exponential backoff with full jitter, bounded by total time. */
export interface RetryPolicy {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** No attempt starts later than this after the first. */
  readonly totalMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = { firstDelayMs: 500, maxDelayMs: 20_000, totalMs: 120_000 };

/** Milliseconds to wait before attempt `attempt` (1 = the first repeat): anywhere up to the doubled delay. */
export function backoffMs(clock: Clock, policy: RetryPolicy, attempt: number): number {
  return clock.random() * Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (attempt - 1));
}

/** Whether repeating the very same call is sensible: the server was busy or out of reach. A lock conflict is not that. */
export function isWorthRepeating(thrown: unknown): thrown is RtnError {
  return thrown instanceof RtnError && thrown.isRetriable && thrown.code === 'unavailable';
}

/** Calls until it succeeds, fails for good, is aborted or `policy().totalMs` is over; throws the last error. */
export async function withRetries<Result>(
  call: (attempt: number) => Promise<Result>,
  policy: () => RetryPolicy,
  clock: Clock,
  signal?: AbortSignal,
): Promise<Result> {
  const start = clock.monotonic();
  for (let attempt = 0; ; attempt++) {
    try {
      return await call(attempt);
    } catch (thrown) {
      if (signal?.aborted || !isWorthRepeating(thrown)) throw thrown;
      const asked = thrown.details.retryAfterMs;
      const delayMs = Math.max(
        backoffMs(clock, policy(), attempt + 1),
        typeof asked === 'number' ? asked : 0,
      );
      if (clock.monotonic() + delayMs - start > policy().totalMs) throw thrown;
      await sleep(clock, delayMs, signal);
      if (signal?.aborted) throw thrown;
    }
  }
}
