import { systemClock } from '../src/clock.js';
import type { Run } from '../src/pipeline/contract.js';
import type { RunPlan } from '../src/pipeline/plan.js';

/** A plan that nothing depends on. */
export const BENCH_PLAN: RunPlan = {
  layer: '',
  runner: '',
  input: '',
  inputIdentity: null,
  log: '',
  params: {},
  tuning: [],
  selection: null,
  shards: 1,
  retry: null,
};

/** A run of a benchmark; its warnings go to stderr. */
export function benchRun(id: string, overrides: Partial<Run> = {}): Run {
  return {
    id,
    rootId: id,
    keyId: id,
    operation: 'driver_push',
    version: '1.4.10',
    digest: 'd'.repeat(64),
    shard: 0,
    shards: 1,
    selection: null,
    clock: systemClock,
    environment: {},
    stateDir: '',
    warn: (message) => console.error(message),
    ...overrides,
  };
}
