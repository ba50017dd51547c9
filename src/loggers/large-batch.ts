import { type Clock, sleep } from '../clock.js';
import type { Queue } from '../pipeline/queue.js';
import type { SendResult } from '../pipeline/record.js';

/** How large a batch grows, for a store where every write leaves a piece behind. */
export interface LargeBatchLimits {
  readonly maxResults: number;
  /** No result waits longer than this for company, in milliseconds. */
  readonly maxWaitMs: number;
  /** A batch to which nothing was added for so long goes out at once. */
  readonly quietMs: number;
}

/** The queue is looked into this often: no promise per result. */
const LOOK_EVERY_MS = 20;

/**
 * Takes results until there are `maxResults` or `maxWaitMs` is over; sooner when the queue is closed or quiet. While
 * `isBusy` says that the batch before is still being written, it only grows. Empty when the queue is done, or when
 * `signal` is aborted before the first result; an abort later ends the batch.
 */
export async function collectLargeBatch(
  results: Queue<SendResult>,
  { maxResults, maxWaitMs, quietMs }: LargeBatchLimits,
  clock: Clock,
  isBusy: () => boolean,
  signal: AbortSignal,
): Promise<SendResult[]> {
  const batch = await results.receiveMany(maxResults, signal);
  if (batch.length === 0) return batch;
  const untilMs = clock.monotonic() + maxWaitMs;
  let addedMs = clock.monotonic();
  while (batch.length < maxResults && !results.isDone && !signal.aborted) {
    const before = batch.length;
    take(results, batch, maxResults);
    const nowMs = clock.monotonic();
    if (batch.length > before) addedMs = nowMs;
    else if (!isBusy() && (nowMs - addedMs >= quietMs || nowMs >= untilMs)) break;
    if (nowMs >= untilMs && !isBusy()) break;
    if (batch.length < maxResults && !results.isDone) await sleep(clock, LOOK_EVERY_MS, signal);
  }
  return batch;
}

function take(results: Queue<SendResult>, batch: SendResult[], maxResults: number): void {
  while (batch.length < maxResults) {
    const result = results.tryReceive();
    if (result === undefined) return;
    batch.push(result);
  }
}
