import type { Clock } from '../clock.js';
import type { Pressure } from '../pipeline/contract.js';
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

/** So long a batch grows though the sender waits for it, while results still come: every write leaves a piece behind. */
const PRESSED_MS = 100;

/** What ends the collecting of a batch beside its limits. */
export interface Until {
  /** Whether the batch before is still being written: then this one only grows. */
  isBusy(): boolean;
  /** Aborted when nothing can be written any more. */
  readonly signal: AbortSignal;
  readonly pressure: Pressure;
}

/**
 * Takes results until there are `maxResults` or `maxWaitMs` is over; sooner when the queue is closed or quiet, or when
 * the sender waits for results to become durable. Empty when the queue is done, or when the signal is aborted before the
 * first result; an abort later ends the batch.
 */
export async function collectLargeBatch(
  results: Queue<SendResult>,
  { maxResults, maxWaitMs, quietMs }: LargeBatchLimits,
  clock: Clock,
  { isBusy, signal, pressure }: Until,
): Promise<SendResult[]> {
  const batch = await results.receiveMany(maxResults, signal);
  const startedMs = clock.monotonic();
  let addedMs = startedMs;
  while (batch.length > 0 && batch.length < maxResults && !results.isDone && !signal.aborted) {
    const before = batch.length;
    take(results, batch, maxResults);
    const nowMs = clock.monotonic();
    if (batch.length > before) addedMs = nowMs;
    if (!isBusy()) {
      const isPressed = pressure.isPressed;
      if (nowMs - startedMs >= (isPressed ? PRESSED_MS : maxWaitMs)) break;
      if (nowMs - addedMs >= (isPressed ? LOOK_EVERY_MS : quietMs)) break;
    }
    if (batch.length < maxResults && !results.isDone) await nextLook(clock, signal, pressure);
  }
  return batch;
}

/** A short wait that ends early when the pressure begins. */
function nextLook(clock: Clock, signal: AbortSignal, pressure: Pressure): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      cancel();
      signal.removeEventListener('abort', wake);
      pressure.onPressed = () => {};
      resolve();
    };
    const cancel = clock.schedule(LOOK_EVERY_MS, wake);
    signal.addEventListener('abort', wake, { once: true });
    pressure.onPressed = wake;
  });
}

function take(results: Queue<SendResult>, batch: SendResult[], maxResults: number): void {
  while (batch.length < maxResults) {
    const result = results.tryReceive();
    if (result === undefined) return;
    batch.push(result);
  }
}
