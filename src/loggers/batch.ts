import { type Clock, sleep } from '../clock.js';
import type { Queue } from '../pipeline/queue.js';
import type { SendResult } from '../pipeline/record.js';

/** Most results written at once. */
const MAX_RESULTS = 5_000;

/** How long results wait for company. A result is durable this long and one write after its outcome. */
const LINGER_MS = 200;

/** The queue is looked into this often while lingering: no promise per result, and its capacity is never reached. */
const LOOK_EVERY_MS = 20;

/** Takes a batch by size and time; at once what is there when the queue is closed, and nothing when it is done. */
export async function collectBatch(results: Queue<SendResult>, clock: Clock): Promise<readonly SendResult[]> {
  const batch = await results.receiveMany(MAX_RESULTS);
  const untilMs = clock.monotonic() + LINGER_MS;
  while (batch.length > 0 && batch.length < MAX_RESULTS && !results.isDone) {
    if (results.length === 0 && !results.isClosed) {
      if (clock.monotonic() >= untilMs) break;
      await sleep(clock, LOOK_EVERY_MS);
    }
    for (let result = results.tryReceive(); result !== undefined; result = results.tryReceive()) {
      batch.push(result);
      if (batch.length === MAX_RESULTS) break;
    }
  }
  return batch;
}
