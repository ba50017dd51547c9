import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RtnError } from '../error.js';
import type { Run, SenderOutline } from '../pipeline/contract.js';
import type { InDoubtPolicy, RunPlan } from '../pipeline/plan.js';
import type { SelectionOptions } from '../pipeline/selection.js';
import { logLocation } from './bind.js';
import type { CommandLine } from './command-line.js';
import type { PipelineRunner } from './definition.js';
import type { RunOptions } from './options.js';
import type { RunIdentity } from './run-identity.js';

/** What a run does, as its ledger keeps it: what must be the same when it is started again. */
export function planOf(
  definition: PipelineRunner,
  { options, outputs, params }: Extract<CommandLine, { kind: 'run' }>,
  { input, identity, run }: { readonly input: string; readonly identity: RunIdentity; readonly run: Run },
): RunPlan {
  const { operation, params: declared } = definition;
  return {
    layer: operation.layer,
    runner: operation.runner,
    input,
    inputIdentity: identity.input,
    log: logLocation(definition, outputs),
    params,
    tuning: Object.keys(declared).filter((name) => declared[name]?.['x-tuning'] === true),
    selection: run.selection,
    shards: run.shards,
    retry: options.retry ?? null,
  };
}

/** What becomes of messages in doubt: as the operation says, else sent again where the provider knows a repeat. */
export function inDoubtOf({ policy }: PipelineRunner, outline: SenderOutline | undefined): InDoubtPolicy {
  return policy.inDoubt ?? (outline?.channel.isIdempotent === true ? 'resend' : 'hold');
}

/** A stream has no parts and nothing to rehearse: what is taken off it and passed over is gone. */
export function refuseParts({ isDryRun, selection, shard }: RunOptions, operation: string): void {
  const flag = isDryRun
    ? '--dry-run'
    : selection !== undefined
      ? '--limit, --sample or --only'
      : shard.of > 1
        ? '--shard'
        : undefined;
  if (flag === undefined) return;
  throw new RtnError(
    'usage',
    `${operation}: a stream cannot be read with ${flag}: the messages that are not sent would be gone`,
  );
}

/** Rows that will have come by when the run is done, as far as known. */
export function totalToPass(
  total: number | undefined,
  selection: SelectionOptions | undefined,
): number | undefined {
  const { limit, sample, only } = selection ?? {};
  if (total === undefined || limit === undefined) return total;
  return sample === undefined && only === undefined ? Math.min(total, limit) : undefined;
}

/** The folder for what must survive the process. */
export function stateDir(options: RunOptions): string {
  return options.stateDir ?? join(tmpdir(), 'realtime-notifications');
}
