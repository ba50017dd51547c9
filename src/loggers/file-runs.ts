import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { StoredClaims, Unsent } from '../pipeline/claims.js';
import type { RunControl, RunRecord, StartRecord } from '../pipeline/ledger.js';
import { replaceDurably, storing, syncFolder } from './durable-file.js';
import { type History, readHistory } from './file-history.js';
import { namesIn, RECORD_END, RunFiles } from './file-names.js';
import { jsonOf, readRecord } from './file-record.js';

/** The runs that have their log in this folder, the oldest first. */
export function listFileRuns(folder: string): Promise<RunRecord[]> {
  return storing(`the runs of ${folder} could not be read`, async () => {
    const runs: RunRecord[] = [];
    for (const name of await namesIn(resolve(folder))) {
      if (!name.endsWith(RECORD_END)) continue;
      const record = await readRecord(RunFiles.ofRecord(resolve(folder), name));
      if (record !== undefined) runs.push(record);
    }
    return runs.sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
  });
}

/** How each start of a run has gone, by shard and in order. */
export function readFileStarts(folder: string, runId: string): Promise<StartRecord[]> {
  const files = RunFiles.of(resolve(folder), runId);
  return storing(`the starts of the run '${runId}' could not be read`, async () => {
    const starts: StartRecord[] = [];
    const shards = [...(await files.tokensByShard()).keys()].sort((a, b) => a - b);
    for (const shard of shards) starts.push(...(await readHistory(files, shard)).starts);
    return starts;
  });
}

/** What a run's shard has done so far. */
export async function loadFileClaims(folder: string, runId: string, shard: number): Promise<StoredClaims> {
  return (await history(folder, runId, shard)).claims;
}

/** How the positions of a shard ended that were not sent, in ascending order. */
export async function loadFileUnsent(
  folder: string,
  runId: string,
  shard: number,
): Promise<readonly Unsent[]> {
  return (await history(folder, runId, shard)).unsent;
}

/** Asks something of a run; its holders read it at their next renewal. */
export async function setFileControl(folder: string, runId: string, control: RunControl): Promise<void> {
  const files = RunFiles.of(resolve(folder), runId);
  await storing(`${files.control} could not be written`, () =>
    replaceDurably(files.control, jsonOf(control)),
  );
}

/** Forgets a run that nobody holds. Its log stays. */
export async function removeFileRun(folder: string, runId: string): Promise<void> {
  const files = RunFiles.of(resolve(folder), runId);
  await storing(`the run '${runId}' could not be removed`, async () => {
    for (const path of await files.ofLedger()) await rm(path, { force: true });
    await syncFolder(files.folder);
  });
}

function history(folder: string, runId: string, shard: number): Promise<History> {
  const read = () => readHistory(RunFiles.of(resolve(folder), runId), shard);
  return storing(`the ledger of the run '${runId}' could not be read`, read);
}
