import { RtnError, toRtnError } from '../error.js';
import { RUNNER_EXIT, runnerExit } from '../exit.js';
import { Admission } from './admission.js';
import type { InputDefinition } from './binding.js';
import type { Logger, Pipeline, Reader, Run } from './contract.js';
import { type Counts, countLogged, loggedTotal } from './counts.js';
import type { Ending } from './ending.js';
import type { RunPlan } from './ledger.js';
import { Queue } from './queue.js';
import type { Incoming, Message, SendResult } from './record.js';

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
  /** Where results go when the log cannot take them; throws when it cannot write either. */
  spill(results: readonly SendResult[]): Promise<void>;
  /** Called when everything is open, just before the first row is read. */
  started?(): void;
}

/**
 * Runs reader, admission, sender and logger as coroutines over bounded queues until the input's end, an End or a
 * Stop. It closes what it opened, leaves how the run ended in `ending` and the numbers in `counts`, and gives the
 * runner's exit code. Never rejects: a failure is the Stop's cause.
 */
export async function runPipeline(pipeline: Pipeline, run: Run, options: PipelineOptions): Promise<number> {
  const { ending, counts } = options;
  const opened: { close(): Promise<void> }[] = [];
  const open = async (
    stage: string,
    component: { open(run: Run): Promise<void>; close(): Promise<void> },
  ) => {
    if (ending.endSignal.aborted) return;
    opened.unshift(component);
    await attempt(ending, stage, () => component.open(run));
  };
  await open('log', pipeline.logger);
  await open('sender', pipeline.sender);
  await open('reader', pipeline.reader);
  let hasBegun = false;
  if (!ending.endSignal.aborted) {
    await attempt(ending, 'log', async () => {
      await pipeline.logger.ledger.begin(options.plan);
      hasBegun = true;
    });
  }
  let isInputRead = false;
  if (hasBegun) isInputRead = await runStages(pipeline, run, options);
  const exitCode = exitCodeOf(ending, isInputRead || pipeline.reader.isEndless);
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

/** The runner's exit code: the Stop's cause, else whether everything that was asked for is done. */
function exitCodeOf({ stopCause, endCause }: Ending, isComplete: boolean): number {
  if (stopCause !== undefined) return runnerExit(stopCause.error.code);
  return endCause === undefined || isComplete ? RUNNER_EXIT.ok : RUNNER_EXIT.temporary;
}

/** Runs the four stages to their end; true when the input was read to its own end. */
async function runStages(
  { reader, sender, logger }: Pipeline,
  run: Run,
  options: PipelineOptions,
): Promise<boolean> {
  const { ending, counts } = options;
  const incoming = new Queue<Incoming>(CAPACITY.incoming);
  const messages = new Queue<Message>(CAPACITY.messages);
  const results = new Queue<SendResult>(CAPACITY.results);
  const cancelDrainTimer = startDrainTimer(run, options);
  options.started?.();

  const reading = readAll(reader, incoming, ending);
  const admitting = attempt(ending, 'admission', async () => {
    const admission = new Admission(options.input, run.clock);
    const control = { counts, stopSignal: ending.stopSignal };
    counts.left += await admission.run(incoming, messages, results, control).finally(() => messages.close());
  }).then(() => discard(incoming, counts));
  const sending = attempt(ending, 'sender', async () => {
    const stop = (error: Error) => ending.stop('sender', toRtnError(error));
    const report = await sender.send(messages, results, { signal: ending.stopSignal, counts, stop });
    counts.left += report.left;
  });
  const logging = logAll(logger, results, options);

  const [isInputRead] = await Promise.all([reading, admitting, sending]);
  results.close();
  await logging;
  cancelDrainTimer();
  counts.read = incoming.admitted;
  counts.left += messages.length;
  checkBalance(ending, counts);
  return isInputRead;
}

async function readAll(reader: Reader, incoming: Queue<Incoming>, ending: Ending): Promise<boolean> {
  let isInputRead = false;
  await attempt(ending, 'reader', async () => {
    await reader.read(incoming, ending.endSignal);
    isInputRead = !ending.endSignal.aborted;
  });
  incoming.close();
  return isInputRead;
}

/** After a Stop: takes what the reader still hands over, so that it never waits; these rows are left. */
async function discard(incoming: Queue<Incoming>, counts: Counts): Promise<void> {
  for (let count = 1; count > 0; counts.left += count)
    count = (await incoming.receiveMany(REST_BATCH)).length;
}

/** Logs until the queue of results is done; what the log cannot take is spilled, so that no stage waits for it. */
async function logAll(logger: Logger, results: Queue<SendResult>, options: PipelineOptions): Promise<void> {
  const { counts, ending } = options;
  await attempt(ending, 'log', () => logger.log(results, { written: (batch) => countLogged(counts, batch) }));
  let batch: readonly SendResult[] = logger.unwritten;
  do {
    if (batch.length > 0) await spill(batch, options);
    batch = await results.receiveMany(REST_BATCH);
  } while (batch.length > 0);
}

async function spill(
  batch: readonly SendResult[],
  { counts, ending, ...options }: PipelineOptions,
): Promise<void> {
  try {
    await options.spill(batch);
    counts.spilled += batch.length;
  } catch (thrown) {
    counts.lost += batch.length;
    ending.stop('spill', toRtnError(thrown));
  }
}

function startDrainTimer(run: Run, { ending, drainTimeoutMs }: PipelineOptions): () => void {
  let cancel = () => {};
  const start = () => {
    cancel = run.clock.schedule(drainTimeoutMs, () => {
      const message = `not everything that was read could be sent within the drain timeout of ${drainTimeoutMs} ms`;
      ending.stop('drain', new RtnError('temporary', message));
    });
  };
  if (ending.endSignal.aborted) start();
  else ending.endSignal.addEventListener('abort', start, { once: true });
  return () => {
    cancel();
    ending.endSignal.removeEventListener('abort', start);
  };
}

/** Every row that was read must be accounted for. */
function checkBalance(ending: Ending, counts: Counts): void {
  const accounted = loggedTotal(counts) + counts.spilled + counts.lost + counts.left;
  if (counts.read === accounted) return;
  const message = `${counts.read} rows were read but ${accounted} are accounted for`;
  ending.stop('pipeline', new RtnError('internal', message, { details: { counts } }));
}

async function attempt(ending: Ending, stage: string, step: () => Promise<void>): Promise<void> {
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
