import { hash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { IdentityRun, InputIdentity, Reader } from '../pipeline/contract.js';
import type { RunOptions } from './options.js';

/** Who a run is, before anything of it is opened. */
export interface RunIdentity {
  readonly id: string;
  /** What the input is; null for a stream, and where a dry run does not ask. */
  readonly input: InputIdentity | null;
}

/**
 * The run's id: as given, else made of the operation's name and what its input is, so that the same command sends
 * nothing twice. A stream's run is the instance: the operation on this host. `--fresh` makes an id that no run has.
 */
export async function identifyRun(
  reader: Reader,
  run: Omit<IdentityRun, 'id'>,
  { runId, isFresh, isDryRun }: Pick<RunOptions, 'runId' | 'isFresh' | 'isDryRun'>,
): Promise<RunIdentity> {
  if (isDryRun) return { id: runId ?? freshId(run.operation), input: null };
  const id = runId ?? (isFresh ? freshId(run.operation) : undefined);
  const input = (await reader.identify?.({ ...run, id })) ?? null;
  if (id !== undefined) return { id, input };
  if (input === null) return { id: `${run.operation}@${hostname()}`, input };
  return {
    id: `${run.operation}-${hash('sha256', JSON.stringify([run.operation, input]), 'hex').slice(0, 12)}`,
    input,
  };
}

/** An id that no run has yet. */
export function freshId(operation: string): string {
  const time = new Date().toISOString().replace(/[-:]/g, '').slice(0, 15);
  return `${operation}-${time}-${randomBytes(3).toString('hex')}`;
}
