import { sleep } from '../clock.js';
import { RtnError } from '../error.js';
import type { TaskRun } from '../pipeline/task.js';
import { postgresError } from '../postgres/errors.js';
import { hasYtCode } from '../yt/failure.js';

/** How long one piece of work is tried again while Postgres or the cluster does not answer, with growing pauses. */
const GIVE_UP_AFTER_MS = 120_000;

/** Transactions that the cluster has ended, and locks of one of our own that has not ended yet. */
const WORTH_ANOTHER_TRANSACTION = [400, 401, 403, 404, 1000, 11_000];

/** A column was dropped, renamed or altered since the columns were read: they are read anew. */
const ALTERED = ['42703', '42883', '42804'];

/**
 * Does work that may be begun anew without harm until it has an outcome; undefined when told to end before it has one.
 * Throws what it came to when that took too long or no repeat mends it; `what` says what failed where Postgres did.
 */
export async function untilDone<T>(
  { clock, signal, warn }: Pick<TaskRun, 'clock' | 'signal' | 'warn'>,
  what: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const giveUpAtMs = clock.monotonic() + GIVE_UP_AFTER_MS;
  for (let pauseMs = 100; ; pauseMs = Math.min(2 * pauseMs, 5_000)) {
    if (signal.aborted) return undefined;
    let error: RtnError;
    try {
      return await work();
    } catch (thrown) {
      error = thrown instanceof RtnError ? thrown : postgresError(what, thrown);
    }
    if (signal.aborted && (isWorthAnotherTry(error) || error.code === 'temporary')) return undefined;
    if (!isWorthAnotherTry(error) || clock.monotonic() + pauseMs > giveUpAtMs) throw error;
    warn(`${error.message}; trying again`);
    await sleep(clock, pauseMs, signal);
  }
}

function isWorthAnotherTry(error: RtnError): boolean {
  return (
    (error.code === 'unavailable' && error.isRetriable) ||
    WORTH_ANOTHER_TRANSACTION.some((code) => hasYtCode(error, code)) ||
    ALTERED.includes(String(error.details.sqlstate))
  );
}
