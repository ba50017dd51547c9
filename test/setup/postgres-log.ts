import { onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.js';
import { PostgresLog } from '../../src/loggers/postgres-log.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { SendResult } from '../../src/pipeline/record.js';
import { logControl, newRun } from './keep.js';
import { testRun } from './run.js';

/** A log that is open and whose run stands in the ledger. */
export async function openLog(target: string, url: string, clock: Clock = systemClock): Promise<PostgresLog> {
  const log = new PostgresLog(target);
  onTestFinished(() => log.close());
  const run = testRun({ environment: { DATABASE_URL: url }, clock });
  await log.open(run);
  await log.ledger.begin(newRun(run));
  await log.ledger.take(undefined, 'a test');
  return log;
}

/** Logs these results and ends the queue. */
export async function writeAll(log: PostgresLog, results: readonly SendResult[]): Promise<void> {
  const queue = new Queue<SendResult>(results.length);
  queue.trySendMany(results);
  queue.close();
  await log.log(queue, logControl());
}
