import { parseLocation } from '../pipeline/location.js';
import type { RunPlan } from '../pipeline/plan.js';
import type { CommandLine } from './command-line.js';
import type { TaskRunner } from './definition.js';

/**
 * What a task was started with, as the ledger keeps it: it has no rows and no parts. Its log is the table of the ledger's
 * database that it works on, so that it stands among the runs of that log.
 */
export function taskPlanOf(
  { operation }: TaskRunner,
  { inputs, outputs, params }: Extract<CommandLine, { kind: 'run' }>,
): RunPlan {
  const locations = [...Object.values(inputs), ...Object.values(outputs)];
  return {
    layer: operation.layer,
    runner: operation.runner,
    input: '',
    inputIdentity: null,
    log: locations.find((location) => parseLocation(location).scheme === 'pg') ?? '',
    params,
    tuning: [],
    selection: null,
    shards: 1,
    retry: null,
    task: { inputs, outputs },
  };
}
