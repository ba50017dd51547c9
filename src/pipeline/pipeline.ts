import { RtnError, toRtnError } from '../error.js';
import { RUNNER_EXIT, runnerExit } from '../exit.js';
import { Admission } from './admission.js';
import { attempt, warnOnError } from './attempt.js';
import type { KeptRun } from './begin.js';
import { Concealer } from './concealer.js';
import type { Pipeline, Reader, ReadRange, Run } from './contract.js';
import { type Counts, loggedTotal } from './counts.js';
import { endRun, takeRun } from './custody.js';
import type { Ending, Place, Stage } from './ending.js';
import type { Journal } from './journal.js';
import { logAll, recover } from './logging.js';
import type { PipelineOptions } from './options.js';
import { Queue } from './queue.js';
import type { Incoming, Message, SendResult } from './record.js';
import { type Deadline, startDeadline, startDrainTimer } from './timers.js';

/** What may wait between two stages, in messages. Results have room for a few batches of the log. */
const CAPACITY = { incoming: 512, messages: 512, results: 8_192 } as const;

/** How many are discarded at a time. */
const REST_BATCH = 1_000;

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
  const kept = await takeRun(pipeline, run, options);
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
  if (kept !== undefined && kept !== 'finished') await endRun(kept, run, options, exitCode);
  for (const component of opened) await warnOnError(run, 'closing failed', () => component.close());
  return exitCode;
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
    .then(() => discard(incoming, run, options, kept));
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
  kept: KeptRun | undefined,
): Promise<void> {
  for (;;) {
    const batch = await incoming.receiveMany(REST_BATCH);
    if (batch.length === 0) return;
    const asked =
      kept?.wanted === undefined ? batch : batch.filter(({ position }) => kept.wanted?.has(position));
    const selected = selection === undefined ? asked : selection.take(asked);
    const left = selected.filter(({ position }) => kept?.journal.isDone(position) !== true);
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

/** Every row that was read must be accounted for. */
function checkBalance(ending: Ending, counts: Counts): void {
  const accounted = loggedTotal(counts) + counts.spilled + counts.lost + counts.left + counts.held;
  if (counts.read === accounted) return;
  const message = `${counts.read} rows were read but ${accounted} are accounted for`;
  ending.stop('pipeline', new RtnError('internal', message, { details: { counts } }));
}
