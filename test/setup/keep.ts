import type { KeepOptions } from '../../src/pipeline/begin.js';
import { Claims } from '../../src/pipeline/claims.js';
import type { LogControl, Run } from '../../src/pipeline/contract.js';
import { countLogged, newCounts } from '../../src/pipeline/counts.js';
import type { NewRun } from '../../src/pipeline/ledger.js';
import { LiveControl } from '../../src/pipeline/live-control.js';
import type { RunPlan } from '../../src/pipeline/plan.js';
import type { SendResult } from '../../src/pipeline/record.js';

export const TEST_PLAN: RunPlan = {
  layer: 'taxi-crm-push@1.4.10',
  runner: 'one-shot',
  input: 'yt://t',
  inputIdentity: 'sha256:0',
  log: 'pg:send_log',
  params: { concurrency: 4 },
  tuning: ['concurrency'],
  selection: null,
  shards: 1,
  retry: null,
};

/** How a pipeline keeps its run, for one test. */
export function testKeep(overrides: Partial<KeepOptions> = {}): KeepOptions {
  return { plan: TEST_PLAN, inDoubt: 'resend', live: new LiveControl(), ...overrides };
}

/** The record that a run begins with. */
export function newRun(run: Run, plan: Partial<RunPlan> = {}): NewRun {
  const { id: runId, rootId, operation, version, digest } = run;
  return { runId, rootId, operation, version, digest, plan: { ...TEST_PLAN, ...plan } };
}

/** What a logger is given by a pipeline: settles over `claims`, and keeps what was written. */
export function logControl(
  claims = new Claims(),
  isPressed = false,
): LogControl & { readonly results: SendResult[] } {
  const counts = newCounts();
  const results: SendResult[] = [];
  return {
    results,
    settle(batch) {
      countLogged(counts, batch);
      return { ...claims.settle(batch), counts: { ...counts, logged: { ...counts.logged } } };
    },
    written: (batch) => void results.push(...batch),
    pressure: { isPressed, onPressed: () => {} },
  };
}
