import { RtnError, toRtnError } from '../error.js';
import { RUNNER_EXIT, runnerExit } from '../exit.js';
import { Admission } from './admission.js';
import type { InputDefinition } from './binding.js';
import { Concealer } from './concealer.js';
import type { Logger, Pipeline, PipelineQueues, Reader, Run } from './contract.js';
import { type Counts, countLogged, loggedTotal } from './counts.js';
import type { Ending, Place, Stage } from './ending.js';
import type { RunPlan } from './ledger.js';
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
  readonly plan: RunPlan;
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
  /** Given where somebody has to know which rows have no result yet. */
  readonly outstanding?: Outstanding | undefined;
  /** Keeps the rows of a stream that are left, since nobody can read them again; throws when it cannot. */
  keep?(records: readonly Incoming[]): Promise<void>;
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
  await open('sender', pipeline.sender);
  await open('reader', pipeline.reader);
  const { confirm } = options;
  if (confirm !== undefined && !ending.endSignal.aborted) await attempt(ending, 'confirmation', confirm);
  let hasBegun = false;
  if (!ending.endSignal.aborted) {
    await attempt(ending, 'log', async () => {
      await pipeline.logger.ledger.begin(options.plan);
      hasBegun = true;
    });
  }
  let isInputRead = false;
  if (hasBegun) isInputRead = await runStages(pipeline, run, options, deadline);
  deadline?.cancel();
  const isComplete = isInputRead || (hasBegun && pipeline.reader.isEndless);
  forgiveTime(ending, counts, isComplete);
  const exitCode = exitCodeOf(ending, isComplete);
  if (hasBegun) {
    const state = exitCode === RUNNER_EXIT.ok ? 'finished' : 'stopped';
    const error = ending.stopCause?.error.message ?? null;
    await warnOnError(run, 'the end of the run was not recorded', () =>
      pipeline.logger.ledger.end({ state, counts, exitCode, error }),
    );
  }
  for (const component of opened) await warnOnError(run, 'closing failed', () => component.close());
  return exitCode;
}

/** A Stop by time that left nothing has stopped nothing; only that the input was not read to its end still counts. */
function forgiveTime(ending: Ending, { left }: Counts, isComplete: boolean): void {
  if (left === 0 && (isComplete || ending.stopCause?.stage === 'drain')) ending.forgive();
}

/** The runner's exit code: the Stop's cause, else whether everything that was asked for is done. */
function exitCodeOf({ stopCause, endCause }: Ending, isComplete: boolean): number {
  if (stopCause !== undefined) return runnerExit(stopCause.error.code);
  return endCause === undefined || isComplete ? RUNNER_EXIT.ok : RUNNER_EXIT.temporary;
}

/** Runs the four stages to their end; true when the input was read to its own end, or as far as was selected. */
async function runStages(
  { reader, sender, logger }: Pipeline,
  run: Run,
  options: PipelineOptions,
  deadline: Deadline | undefined,
): Promise<boolean> {
  const { ending, counts, selection } = options;
  const incoming = new Queue<Incoming>(CAPACITY.incoming);
  const messages = new Queue<Message>(CAPACITY.messages);
  const results = new Queue<SendResult>(CAPACITY.results);
  const cancelDrainTimer = startDrainTimer(run, ending, options.drainTimeoutMs);
  options.started?.({ incoming, messages, results });

  let refused = 0;
  const selected = new AbortController();
  const reading = readAll(reader, incoming, ending, selected.signal);
  const admitting = attempt(ending, 'admission', async () => {
    const admission = new Admission(options.input, run.clock);
    const stopSignal = ending.stopSignal;
    const { outstanding } = options;
    const control = {
      counts,
      selection,
      outstanding,
      stopSignal,
      stop: ending.stop.bind(ending, 'admission'),
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
    .then(() => discard(incoming, run, options));
  let hasReport = false;
  const concealer = new Concealer(options.input, options.secretNames);
  const sending = attempt(ending, 'sender', async () => {
    const report = await sender.send(messages, results, {
      signal: ending.stopSignal,
      counts,
      stop: (error, message) =>
        ending.stop('sender', concealer.of(message ? [message.row] : []).error(toRtnError(error)), message),
      concealer,
      ...(deadline && { maySend: deadline.maySend }),
    });
    counts.left += report.left;
    hasReport = true;
  });
  const logging = logAll(logger, results, options);

  const [isInputRead] = await Promise.all([reading, admitting, sending]);
  results.close();
  deadline?.cancel();
  await logging;
  cancelDrainTimer();
  counts.read = incoming.admitted - counts.notSelected;
  // A sender that threw has not told what it left: all that it took and gave no result.
  if (!hasReport) counts.left += messages.admitted - messages.length - (results.admitted - refused);
  counts.left += messages.length;
  checkBalance(ending, counts);
  await keepLeft(options);
  return isInputRead;
}

async function readAll(
  reader: Reader,
  incoming: Queue<Incoming>,
  ending: Ending,
  selected: AbortSignal,
): Promise<boolean> {
  let isInputRead = false;
  try {
    await reader.read(incoming, AbortSignal.any([ending.endSignal, selected]));
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
): Promise<void> {
  for (;;) {
    const batch = await incoming.receiveMany(REST_BATCH);
    if (batch.length === 0) return;
    const left = selection === undefined ? batch : selection.take(batch);
    outstanding?.take(left, run.clock.monotonic());
    counts.left += left.length;
    counts.notSelected += batch.length - left.length;
  }
}

async function keepLeft({ outstanding, keep, ending }: PipelineOptions): Promise<void> {
  if (outstanding === undefined || outstanding.size === 0 || keep === undefined) return;
  await attempt(ending, 'replay', () => keep(outstanding.records()));
}

/** Logs until the queue of results is done; what the log cannot take is spilled, so that no stage waits for it. */
async function logAll(logger: Logger, results: Queue<SendResult>, options: PipelineOptions): Promise<void> {
  const { counts, ending } = options;
  const thresholds = new Thresholds(options.thresholds ?? {});
  const written = (batch: readonly SendResult[]): void => {
    countLogged(counts, batch);
    options.outstanding?.settle(batch);
    options.logged?.(batch);
    const error = thresholds.note(batch);
    if (error !== undefined) ending.stop('threshold', error);
  };
  try {
    await logger.log(results, { written });
    if (!results.isDone) throw new RtnError('internal', 'the log returned before the end of its results');
  } catch (thrown) {
    ending.stop('log', toRtnError(thrown), placeOf(logger.unwritten[0]));
  }
  let batch: readonly SendResult[] = logger.unwritten;
  do {
    if (batch.length > 0) await spill(batch, options);
    batch = await results.receiveMany(REST_BATCH);
  } while (batch.length > 0);
}

function placeOf(result: SendResult | undefined): Place | undefined {
  return result && { id: result.messageId, position: result.position };
}

async function spill(
  batch: readonly SendResult[],
  { counts, ending, ...options }: PipelineOptions,
): Promise<void> {
  options.outstanding?.settle(batch);
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
