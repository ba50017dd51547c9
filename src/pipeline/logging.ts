import { RtnError, toRtnError } from '../error.js';
import { IN_DOUBT_TEXT } from './admission.js';
import type { LogControl, Logger, Pipeline, Pressure, Run } from './contract.js';
import { countLogged, newCounts } from './counts.js';
import type { Place } from './ending.js';
import type { Journal } from './journal.js';
import { isFenced } from './ledger.js';
import type { PipelineOptions } from './options.js';
import { Queue } from './queue.js';
import type { SendResult } from './record.js';
import { Thresholds } from './thresholds.js';

/** How many are spilled at a time. */
const REST_BATCH = 1_000;

/** Logs until the queue of results is done; what the log cannot take is spilled, so that no stage waits for it. */
export async function logAll(
  logger: Logger,
  results: Queue<SendResult>,
  options: PipelineOptions,
  journal: Journal | undefined,
): Promise<void> {
  const { counts, ending } = options;
  const thresholds = new Thresholds(options.thresholds ?? {});
  const control = controlOf(journal);
  const written: LogControl['written'] = (batch, settled) => {
    countLogged(counts, batch);
    control.written(batch, settled);
    options.outstanding?.settle(batch);
    options.logged?.(batch);
    const error = thresholds.note(batch);
    if (error !== undefined) ending.stop('threshold', error);
  };
  try {
    await logger.log(results, { ...control, written });
    if (!results.isDone) throw new RtnError('internal', 'the log returned before the end of its results');
  } catch (thrown) {
    ending.stop('log', toRtnError(thrown), placeOf(logger.unwritten[0]));
  }
  // Whoever has taken the run over decides on them: a spilled result would stand against what that runner logs.
  const isTakenOver = ending.hasStoppedFor(isFenced);
  let batch: readonly SendResult[] = logger.unwritten;
  do {
    if (isTakenOver) {
      options.outstanding?.settle(batch);
      counts.left += batch.length;
    } else if (batch.length > 0) await spill(batch, options, journal);
    batch = await results.receiveMany(REST_BATCH);
  } while (batch.length > 0);
}

/** Nobody waits for a log whose run is not kept in a ledger. */
const NO_PRESSURE: Pressure = { isPressed: false, onPressed: () => {} };

/** What a logger asks of the journal; without one, what changes nothing. */
function controlOf(journal: Journal | undefined): LogControl {
  if (journal !== undefined)
    return {
      settle: (results) => journal.settle(results),
      written: (_, settled) => journal.written(settled),
      pressure: journal,
    };
  const counts = newCounts();
  const settled = { done: [], ranges: [], watermark: 0, closed: 0, unsent: [], counts };
  return { settle: () => settled, written: () => {}, pressure: NO_PRESSURE };
}

function placeOf(result: SendResult | undefined): Place | undefined {
  return result && { id: result.messageId, position: result.position };
}

async function spill(
  batch: readonly SendResult[],
  { counts, ending, ...options }: PipelineOptions,
  journal: Journal | undefined,
): Promise<void> {
  options.outstanding?.settle(batch);
  journal?.keep(batch.map(({ position }) => position));
  try {
    await options.spill(batch);
    counts.spilled += batch.length;
  } catch (thrown) {
    counts.lost += batch.length;
    ending.stop('spill', toRtnError(thrown));
  }
}

/**
 * Before anything is read: logs what an earlier start has spilled, and for a stream what it left in doubt, since those
 * rows will not come again.
 */
export async function recover(
  { logger, reader }: Pipeline,
  run: Run,
  options: PipelineOptions,
  journal: Journal,
): Promise<void> {
  const spilled = await options.spilled?.();
  const results = (spilled?.results ?? []).filter(({ position }) => !journal.isDone(position));
  const isTold = new Set(results.map(({ position }) => position));
  if (reader.isEndless) {
    const doubts = journal.inDoubt().filter((position) => !isTold.has(position));
    results.push(...doubts.map((position) => doubtOfStream(position, run.clock.now())));
  }
  if (results.length > 0) {
    const queue = new Queue<SendResult>(results.length);
    queue.trySendMany(results);
    queue.close();
    await logger.log(queue, {
      ...controlOf(journal),
      written: (batch) => {
        options.counts.recovered += batch.length;
      },
    });
  }
  await spilled?.done();
}

function doubtOfStream(position: number, nowMs: number): SendResult {
  return {
    outcome: 'unknown',
    messageId: `#${position}`,
    position,
    recipient: null,
    channel: null,
    attempts: 0,
    httpStatus: null,
    providerId: null,
    errorCode: 'in_doubt',
    errorText: IN_DOUBT_TEXT,
    suppress: false,
    reason: 'in-doubt',
    startedAtMs: nowMs,
    finishedAtMs: nowMs,
  };
}
