import { sleep } from '../clock.js';
import type { RtnError } from '../error.js';
import type { Run } from '../pipeline/contract.js';
import { isFenced } from '../pipeline/ledger.js';
import { postgresError } from '../postgres/errors.js';

/** How long a statement is tried again while Postgres does not answer, with growing pauses. */
const GIVE_UP_AFTER_MS = 60_000;

/**
 * Does work that may be done twice without harm until Postgres has answered, through restarts and lost connections.
 * Throws what it came to when that took too long or no repeat mends it; `what` says what failed.
 */
export async function untilAnswered<T>(
  { clock, warn }: Pick<Run, 'clock' | 'warn'>,
  what: string,
  work: () => Promise<T>,
  giveUpAfterMs = GIVE_UP_AFTER_MS,
): Promise<T> {
  const giveUpAtMs = clock.monotonic() + giveUpAfterMs;
  for (let pauseMs = 100; ; pauseMs = Math.min(2 * pauseMs, 5_000)) {
    let error: RtnError;
    try {
      return await work();
    } catch (thrown) {
      if (isFenced(thrown)) throw thrown;
      error = postgresError(what, thrown);
    }
    if (!error.isRetriable || clock.monotonic() + pauseMs > giveUpAtMs) throw error;
    warn(`${error.message}; trying again`);
    await sleep(clock, pauseMs);
  }
}
