import { RtnError, toRtnError } from '../error.js';
import { RUNNER_EXIT, runnerExit } from '../exit.js';
import { Admission, IN_DOUBT_TEXT } from './admission.js';
import { beginRun, type KeepOptions, type KeptRun } from './begin.js';
import type { InputDefinition } from './binding.js';
import { Concealer } from './concealer.js';
import type {
  LogControl,
  Logger,
  Pipeline,
  PipelineQueues,
  Pressure,
  Reader,
  ReadRange,
  Run,
} from './contract.js';
import { type Counts, countLogged, loggedTotal, newCounts } from './counts.js';
import type { Ending, Place, Stage } from './ending.js';
import type { Journal } from './journal.js';
import { isFenced } from './ledger.js';
import type { Outstanding } from './outstanding.js';
import { Queue } from './queue.js';
import type { Incoming, Message, SendResult } from './record.js';
import type { Selection } from './selection.js';
import { type ThresholdOptions, Thresholds } from './thresholds.js';
import { type Deadline, startDeadline, startDrainTimer } from './timers.js';

/** What may wait between two stages, in messages. Results have room for a few batches of the log. */
const CAPACITY = { incoming: 512, messages: 512, results: 8_192 } as const;

/** How many are spilled or discarded at a time. */
const REST_BATCH = 1_000;

export interface PipelineOptions {
  readonly input: InputDefinition;
  /** How the run is kept in the ledger, where its logger has one. */
  readonly keep: KeepOptions;
  readonly ending: Ending;
  readonly counts: Counts;
  /** After an End by signal: how long until it becomes a Stop. */
  readonly drainTimeoutMs: number;
  /** Names of secrets by their values, which no text of a provider brings into the log; it may grow. */
  readonly secretNames?: ReadonlyMap<string, string> | undefined;
  /** How much may go wrong before it becomes a Stop. */
  readonly thresholds?: ThresholdOptions | undefined;
  /** The latest time to send, milliseconds since the epoch: then it becomes a Stop. */
  readonly notAfterMs?: number | undefined;
  /** The part of the input that this run takes; undefined for all of it. */
  readonly selection?: Selection | undefined;
  /** Where results go when the log cannot take them; throws when it cannot write either. */
  spill(results: readonly SendResult[]): Promise<void>;
  /** Results that an earlier start has spilled; `done` is called once they are durable. */
  spilled?(): Promise<{ readonly results: readonly SendResult[]; done(): Promise<void> } | undefined>;
  /** Given where somebody has to know which rows have no result yet. */
  readonly outstanding?: Outstanding | undefined;
  /** Keeps the rows of a stream that are left, since nobody can read them again; throws when it cannot. */
  keepRows?(records: readonly Incoming[]): Promise<void>;
  /** Called with results as soon as they are durable. */
  logged?(results: readonly SendResult[]): void;
  /** Called when everything is open, before the ledger knows of the run; throws when a person does not confirm. */
  confirm?(): Promise<void>;
  /** Called just before the first row is read. */
  started?(queues: PipelineQueues): void;
}

/**
 * Runs reader, admission, sender and logger as coroutines over bounded queues until the input's end, an End or a
 * Stop. It closes what it opened, leaves how the run ended in `ending` and the numbers in `counts`, and gives the
 * runner's exit code. Never rejects: a failure is the Stop's cause.
 */
export async function runPipeline(pipeline: Pipeline, run: Run, options: PipelineOptions): Promise<number> {
  const { ending, counts } = options;
  const deadline =
    options.notAfterMs === undefined ? undefined : startDeadline(run, ending, options.notAfterMs);
  const opened: { close(): Promise<void> }[] = [];
  const open = async (stage: Stage, component: { open(run: Run): Promise<void>; close(): Promise<void> }) => {
    if (ending.endSignal.aborted) return;
    opened.unshift(component);
    await attempt(ending, stage, () => component.open(run));
  };
  await open('log', pipeline.logger);
  const kept = await begin(pipeline, run, options);
  let isInputRead = kept === 'finished';
  let hasBegun = false;
  if (kept !== 'finished') {
    const journal = kept?.journal;
    if (journal !== undefined) await attempt(ending, 'log', () => recover(pipeline, run, options, journal));
    await open('sender', pipeline.sender);
    await open('reader', pipeline.reader);
    const { confirm } = options;
    if (confirm !== undefined && !ending.endSignal.aborted) await attempt(ending, 'confirmation', confirm);
    hasBegun = !ending.endSignal.aborted;
    if (hasBegun) isInputRead = await runStages(pipeline, run, options, kept, deadline);
  }
  deadline?.cancel();
  const isComplete = isInputRead || (hasBegun && pipeline.reader.isEndless);
  forgiveTime(ending, counts, isComplete);
  const exitCode = exitCodeOf(ending, counts, isComplete);
  if (kept !== undefined && kept !== 'finished') await end(kept, run, options, exitCode);
  for (const component of opened) await warnOnError(run, 'closing failed', () => component.close());
  return exitCode;
}

/** Takes the run into custody; undefined without a ledger, or when that failed, which is then the Stop's cause. */
async function begin(
  { logger, sender, reader }: Pipeline,
  run: Run,
  { keep, ending, counts }: PipelineOptions,
): Promise<KeptRun | 'finished' | undefined> {
  if (ending.endSignal.aborted) return undefined;
  const { ledger } = logger;
  if (ledger === undefined) return undefined;
  try {
    const context = { ending, counts, outline: sender.outline, isEndless: reader.isEndless };
    return (await beginRun(ledger, run, { ...keep, ...context })) ?? 'finished';
  } catch (thrown) {
    ending.stop('ledger', toRtnError(thrown));
    return undefined;
  }
}

async function end(
  { journal, keeper }: KeptRun,
  run: Run,
  { ending, counts }: PipelineOptions,
  exitCode: number,
): Promise<void> {
  await keeper.end();
  if (isFenced(ending.stopCause?.error)) return;
  const state = exitCode === RUNNER_EXIT.ok ? 'finished' : 'stopped';
  const error = ending.stopCause?.error.message ?? null;
  // A sender that threw may have requests under way that nobody knows of.
  const isQuiet = ending.stopCause?.error.code !== 'internal';
  await warnOnError(run, 'the end of the run was not recorded', () =>
    journal.end({ state, counts, exitCode, error }, isQuiet),
  );
}

/**
 * Before anything is read: logs what an earlier start has spilled, and for a stream what it left in doubt, since those
 * rows will not come again.
 */
async function recover(
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

/** A Stop by time that left nothing has stopped nothing; only that the input was not read to its end still counts. */
function forgiveTime(ending: Ending, { left }: Counts, isComplete: boolean): void {
  if (left === 0 && (isComplete || ending.stopCause?.stage === 'drain')) ending.forgive();
}

/** The runner's exit code: the Stop's cause, else whether everything that was asked for is done. */
function exitCodeOf({ stopCause, endCause }: Ending, { held }: Counts, isComplete: boolean): number {
  if (stopCause !== undefined) return runnerExit(stopCause.error.code);
  if (isComplete && held > 0) return RUNNER_EXIT.data;
  return endCause === undefined || isComplete ? RUNNER_EXIT.ok : RUNNER_EXIT.temporary;
}

/** Runs the four stages to their end; true when the input was read to its own end, or as far as was selected. */
async function runStages(
  { reader, sender, logger }: Pipeline,
  run: Run,
  options: PipelineOptions,
  kept: KeptRun | undefined,
  deadline: Deadline | undefined,
): Promise<boolean> {
  const { ending, counts, selection } = options;
  const journal = kept?.journal;
  const range = rangeOf(reader, run, journal);
  const incoming = new Queue<Incoming>(CAPACITY.incoming);
  const messages = new Queue<Message>(journal?.queueCapacity ?? CAPACITY.messages);
  const results = new Queue<SendResult>(CAPACITY.results);
  const cancelDrainTimer = startDrainTimer(run, ending, options.drainTimeoutMs);
  options.started?.({ incoming, messages, results });

  let refused = 0;
  const selected = new AbortController();
  const reading = readAll(reader, incoming, ending, selected.signal, range);
  const admitting = attempt(ending, 'admission', async () => {
    const admission = new Admission(options.input, run.clock);
    const stopSignal = ending.stopSignal;
    const { outstanding } = options;
    const control = {
      counts,
      selection,
      outstanding,
      stopSignal,
      journal,
      wanted: kept?.wanted,
      inDoubt: options.keep.inDoubt,
      stop: (error: RtnError, at: Place, stage: Stage = 'admission') => ending.stop(stage, error, at),
    };
    const left = await admission.run(incoming, messages, results, {
      ...control,
      complete: () => selected.abort(),
    });
    // Not `+= await`: that would add to what was left before the wait.
    counts.left += left;
    refused = admission.refused;
  })
    .finally(() => messages.close())
    .then(() => discard(incoming, run, options, journal));
  let hasReport = false;
  const concealer = new Concealer(options.input, options.secretNames);
  const sending = attempt(ending, 'sender', async () => {
    const report = await sender.send(messages, results, {
      signal: ending.stopSignal,
      counts,
      stop: (error, message) =>
        ending.stop('sender', concealer.of(message ? [message.row] : []).error(toRtnError(error)), message),
      concealer,
      live: options.keep.live,
      ...(deadline && { maySend: deadline.maySend }),
    });
    counts.left += report.left;
    hasReport = true;
  });
  const logging = logAll(logger, results, options, journal);

  const [isInputRead] = await Promise.all([reading, admitting, sending]);
  results.close();
  deadline?.cancel();
  await logging;
  cancelDrainTimer();
  counts.read = incoming.admitted - counts.notSelected - counts.alreadyDone;
  // A sender that threw has not told what it left: all that it took and gave no result.
  if (!hasReport) counts.left += messages.admitted - messages.length - (results.admitted - refused);
  counts.left += messages.length;
  checkBalance(ending, counts);
  await keepLeft(options);
  return isInputRead;
}

/** The shard's part of the input, from where it is not done; a stream goes on counting where it was left. */
function rangeOf(
  reader: Reader,
  { shard, shards }: Run,
  journal: Journal | undefined,
): ReadRange | undefined {
  if (journal === undefined) return undefined;
  if (reader.isEndless) return { from: journal.nextPosition };
  if (shards === 1) return { from: journal.watermark };
  const { total } = reader;
  if (total === undefined) throw new RtnError('internal', 'the reader of a shard does not know its total');
  const from = Math.floor((total * shard) / shards);
  journal.startAt(from);
  return { from: Math.max(from, journal.watermark), to: Math.floor((total * (shard + 1)) / shards) };
}

async function readAll(
  reader: Reader,
  incoming: Queue<Incoming>,
  ending: Ending,
  selected: AbortSignal,
  range: ReadRange | undefined,
): Promise<boolean> {
  let isInputRead = false;
  try {
    await reader.read(incoming, AbortSignal.any([ending.endSignal, selected]), range);
    isInputRead = !ending.endSignal.aborted;
  } catch (thrown) {
    ending.stop('reader', toRtnError(thrown), { position: incoming.admitted });
  }
  incoming.close();
  return isInputRead;
}

/** After a Stop: takes what the reader still hands over, so that it never waits; these rows are left. */
async function discard(
  incoming: Queue<Incoming>,
  run: Run,
  { counts, selection, outstanding }: PipelineOptions,
  journal: Journal | undefined,
): Promise<void> {
  for (;;) {
    const batch = await incoming.receiveMany(REST_BATCH);
    if (batch.length === 0) return;
    const selected = selection === undefined ? batch : selection.take(batch);
    const left = selected.filter(({ position }) => journal?.isDone(position) !== true);
    outstanding?.take(left, run.clock.monotonic());
    counts.left += left.length;
    counts.alreadyDone += selected.length - left.length;
    counts.notSelected += batch.length - selected.length;
  }
}

async function keepLeft({ outstanding, keepRows, ending }: PipelineOptions): Promise<void> {
  if (outstanding === undefined || outstanding.size === 0 || keepRows === undefined) return;
  await attempt(ending, 'replay', () => keepRows(outstanding.records()));
}

/** Logs until the queue of results is done; what the log cannot take is spilled, so that no stage waits for it. */
async function logAll(
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
  let batch: readonly SendResult[] = logger.unwritten;
  do {
    if (batch.length > 0) await spill(batch, options, journal);
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

/** Every row that was read must be accounted for. */
function checkBalance(ending: Ending, counts: Counts): void {
  const accounted = loggedTotal(counts) + counts.spilled + counts.lost + counts.left + counts.held;
  if (counts.read === accounted) return;
  const message = `${counts.read} rows were read but ${accounted} are accounted for`;
  ending.stop('pipeline', new RtnError('internal', message, { details: { counts } }));
}

async function attempt(ending: Ending, stage: Stage, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (thrown) {
    ending.stop(stage, toRtnError(thrown));
  }
}

async function warnOnError(run: Run, what: string, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (thrown) {
    run.warn(`${what}: ${toRtnError(thrown).message}`);
  }
}
