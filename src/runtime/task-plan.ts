import { parseLocation } from '../pipeline/location.js';
import type { RunPlan } from '../pipeline/plan.js';
import type { CommandLine } from './command-line.js';
import type { TaskRunner } from './definition.js';

type Locations = Readonly<Record<string, string>>;

/** The log among whose runs a task stands: the table that it works on. Empty where it works on no database. */
export function taskLog(inputs: Locations, outputs: Locations): string {
  const locations = [...Object.values(inputs), ...Object.values(outputs)];
  return locations.find((location) => parseLocation(location).scheme === 'pg') ?? '';
}

/** What a task was started with, as the ledger keeps it: it has no rows and no parts. */
export function taskPlanOf(
  { operation }: TaskRunner,
  { inputs, outputs, params }: Extract<CommandLine, { kind: 'run' }>,
): RunPlan {
  return {
    layer: operation.layer,
    runner: operation.runner,
    input: '',
    inputIdentity: null,
    log: taskLog(inputs, outputs),
    params,
    tuning: [],
    selection: null,
    shards: 1,
    retry: null,
    task: { inputs, outputs },
  };
}
