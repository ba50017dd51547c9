import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.js';
import type { Run } from '../../src/pipeline/contract.js';

/** A run for one test: a state folder that goes with it, and warnings kept in `warnings`. */
export function testRun(overrides: Partial<Run> = {}): Run & { readonly warnings: string[] } {
  const stateDir = mkdtempSync(join(tmpdir(), 'rtn-test-state-'));
  onTestFinished(() => rmSync(stateDir, { recursive: true, force: true }));
  const warnings: string[] = [];
  const id = overrides.id ?? `run-${Math.random().toString(36).slice(2)}`;
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
    stateDir,
    warn: (message) => void warnings.push(message),
    ...overrides,
    warnings,
  };
}
