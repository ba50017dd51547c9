import { toRtnError } from '../error.js';
import { RUNNER_EXIT } from '../exit.js';
import { warnOnError } from './attempt.js';
import { beginRun, type KeptRun } from './begin.js';
import type { Pipeline, Run } from './contract.js';
import { isFenced } from './ledger.js';
import type { PipelineOptions } from './options.js';

/** Takes the run into custody; undefined without a ledger, or when that failed, which is then the Stop's cause. */
export async function takeRun(
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

/** Records how the start ended, takes back claims of what was not sent, and gives the lease back. */
export async function endRun(
  { journal, keeper }: KeptRun,
  run: Run,
  { ending, counts }: PipelineOptions,
  exitCode: number,
): Promise<void> {
  await keeper.end();
  if (ending.hasStoppedFor(isFenced)) return;
  const state = exitCode === RUNNER_EXIT.ok ? 'finished' : 'stopped';
  const error = ending.stopCause?.error.message ?? null;
  // A sender that threw may have requests under way that nobody knows of.
  const isQuiet = ending.stopCause?.error.code !== 'internal';
  await warnOnError(run, 'the end of the run was not recorded', () =>
    journal.end({ state, counts, exitCode, error }, isQuiet),
  );
}
