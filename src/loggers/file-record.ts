import { readFile } from 'node:fs/promises';
import { foreignCode } from '../error.js';
import { type Lease, type NewRun, NO_CONTROL, type RunControl, type RunRecord } from '../pipeline/ledger.js';
import { createDurably } from './durable-file.js';
import { glance } from './file-journal.js';
import type { RunFiles } from './file-names.js';

/** What is written of a run, once. How it stands is in its journals, and what was asked of it in a file of its own. */
type WrittenRecord = NewRun & Pick<RunRecord, 'startedAt'>;

/** Records a run where there is none of that id yet. */
export async function writeRecord(files: RunFiles, record: WrittenRecord): Promise<void> {
  const file = await createDurably(files.record, jsonOf(record));
  await file?.close();
}

/** The record of a run with its state; undefined where there is none of that id. */
export async function readRecord(files: RunFiles): Promise<RunRecord | undefined> {
  const written = await readJson<WrittenRecord>(files.record);
  return written && { ...written, control: await readControl(files), ...(await stateOf(files, written)) };
}

/** What was asked of the run. */
export async function readControl(files: RunFiles): Promise<RunControl> {
  return (await readJson<RunControl>(files.control)) ?? NO_CONTROL;
}

/** A shard's lease as it stands; undefined while it was never held. */
export async function readLease(files: RunFiles, shard: number): Promise<Lease | undefined> {
  const token = (await files.tokens(shard)).at(-1);
  if (token === undefined) return undefined;
  const { start, end, changedAt } = await glance(files.journal(shard, token));
  return {
    token,
    holder: end === undefined ? start.holder : '',
    beat: changedAt,
    finished: end?.finished ?? undefined,
  };
}

export function jsonOf(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** A run has ended once no shard is held; it is finished when each of them is. */
async function stateOf(files: RunFiles, { plan }: NewRun): Promise<Pick<RunRecord, 'state' | 'endedAt'>> {
  const ends = [];
  for (const [shard, tokens] of await files.tokensByShard())
    ends.push((await glance(files.journal(shard, tokens.at(-1) ?? 0))).end);
  if (ends.length === 0 || ends.includes(undefined)) return { state: 'running', endedAt: null };
  const finished = ends.filter((end) => end?.finished != null).length;
  const endedAt =
    ends
      .map((end) => end?.at ?? '')
      .sort()
      .at(-1) ?? null;
  return { state: finished === plan.shards ? 'finished' : 'stopped', endedAt };
}

async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (thrown) {
    if (foreignCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
