import type { Clock } from '../clock.js';
import type { Pressure } from '../pipeline/contract.js';
import type { Queue } from '../pipeline/queue.js';
import type { SendResult } from '../pipeline/record.js';

/** Most results written at once. */
const MAX_RESULTS = 5_000;

/** How long results wait for company. A result is durable this long and one write after its outcome. */
const LINGER_MS = 200;

/** The queue is looked into this often while lingering: no promise per result, and its capacity is never reached. */
const LOOK_EVERY_MS = 20;

/**
 * Takes a batch by size and time; at once what is there when the queue is closed or the sender waits for results to
 * become durable, and nothing when it is done.
 */
export async function collectBatch(
  results: Queue<SendResult>,
  clock: Clock,
  pressure: Pressure,
): Promise<readonly SendResult[]> {
  const batch = await results.receiveMany(MAX_RESULTS);
  const untilMs = clock.monotonic() + LINGER_MS;
  while (batch.length > 0 && batch.length < MAX_RESULTS && !results.isDone) {
    if (results.length === 0 && !results.isClosed) {
      if (pressure.isPressed || clock.monotonic() >= untilMs) break;
      await linger(clock, pressure);
    }
    for (let result = results.tryReceive(); result !== undefined; result = results.tryReceive()) {
      batch.push(result);
      if (batch.length === MAX_RESULTS) break;
    }
  }
  return batch;
}

/** A short wait that ends early when the pressure begins. */
function linger(clock: Clock, pressure: Pressure): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      cancel();
      pressure.onPressed = () => {};
      resolve();
    };
    const cancel = clock.schedule(LOOK_EVERY_MS, wake);
    pressure.onPressed = wake;
  });
}
