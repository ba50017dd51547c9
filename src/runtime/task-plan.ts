import type { RunPlan } from '../pipeline/plan.js';
import type { CommandLine } from './command-line.js';
import type { TaskRunner } from './definition.js';

/** What a task was started with, as the ledger keeps it: it has no rows, no parts and no log of its own. */
export function taskPlanOf(
  { operation }: TaskRunner,
  { inputs, outputs, params }: Extract<CommandLine, { kind: 'run' }>,
): RunPlan {
  return {
    layer: operation.layer,
    runner: operation.runner,
    input: '',
    inputIdentity: null,
    log: '',
    params,
    tuning: [],
    selection: null,
    shards: 1,
    retry: null,
    task: { inputs, outputs },
  };
}
