import { constants } from 'node:fs';
import { copyFile, type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Ranges, rangesOf, type Unsent } from '../pipeline/claims.js';
import type { Run } from '../pipeline/contract.js';
import { isHolderGone } from '../pipeline/holder.js';
import { sizeOf, storing, syncFolder } from './durable-file.js';
import { type History, readHistory, unsentRanges } from './file-history.js';
import type { FileJournal, LogMark } from './file-journal.js';
import type { RunFiles } from './file-names.js';

/** The results that stand in a log behind what is recorded, and where the last complete one ends. */
interface Tail {
  readonly size: number;
  readonly done: Ranges;
  readonly unsent: readonly Unsent[];
}

/** The log of the starts before, made safe from them. */
interface Secured extends Tail {
  readonly file: string;
  readonly isSealed: boolean;
  /** Makes it what people read. */
  publish(): Promise<void>;
}

/**
 * Makes what earlier starts have done final, before anything is done by this one, whose journal is there already. Gives
 * the log to go on with; undefined where one is to be begun, and whether there was one before.
 *
 * 1. Lines in the log that nobody has recorded are true results, whose holder died before it could: they count as done.
 * 2. A `takeover` in the own journal says how much of each earlier journal counts, and how much of the log. Who reads the
 *    journals later goes by that, so that what an earlier holder still appends is nothing.
 * 3. Where that holder may live, the log is a copy from now on: the holder's open file has lost its name, and what it
 *    still appends nobody reads. Nobody appends to such a copy either: should this process stop here and its successor
 *    do the same again, both make the same file, and it does not matter whose comes last.
 *
 * Throws `fenced` when there is a newer token after step 2; nothing that people read has changed then.
 */
export async function takeOver(
  files: RunFiles,
  { id: runId, shard }: Run,
  token: number,
  journal: FileJournal,
  requireHeld: () => Promise<void>,
): Promise<{ readonly log: LogMark | undefined; readonly hadLog: boolean }> {
  const past = await readHistory(files, shard, token);
  const log = await secureLog(files.folder, past, token, runId);
  await journal.append({
    kind: 'takeover',
    journals: past.unsealed.map(({ start, size }) => [start.token, size]),
    log: log === undefined ? null : { file: log.file, size: log.size },
    isSealed: log?.isSealed ?? false,
    done: log?.done ?? [],
    unsent: unsentRanges(log?.unsent ?? []),
  });
  await requireHeld();
  await log?.publish();
  const goesOn = log !== undefined && !log.isSealed;
  return { log: goesOn ? { file: log.file, size: log.size } : undefined, hadLog: past.hadLog };
}

/** Undefined where there is no log, or not all of what is recorded: somebody has moved it away. */
async function secureLog(
  folder: string,
  past: History,
  token: number,
  runId: string,
): Promise<Secured | undefined> {
  if (past.log === undefined) return undefined;
  const path = join(folder, past.log.file);
  return storing(`the log ${path} could not be taken over`, async () => {
    if (past.log === undefined || ((await sizeOf(path)) ?? -1) < past.log.size) return undefined;
    const areGone = past.unsealed.every(
      ({ start }) => start.state !== 'running' || isHolderGone(start.holder),
    );
    for (const { start } of past.unsealed) await rm(besideOf(path, start.token), { force: true });
    return areGone && !past.isSealed
      ? goOn(path, past.log, runId)
      : copy(path, past.log, past.isSealed, token, runId);
  });
}

async function goOn(path: string, log: LogMark, runId: string): Promise<Secured> {
  const file = await open(path, 'r+');
  try {
    const tail = await cutTail(file, log.size, runId);
    return { ...tail, file: log.file, isSealed: false, publish: async () => {} };
  } finally {
    await file.close();
  }
}

async function copy(
  path: string,
  log: LogMark,
  wasSealed: boolean,
  token: number,
  runId: string,
): Promise<Secured> {
  const beside = besideOf(path, token);
  await copyFile(path, beside, constants.COPYFILE_FICLONE);
  const file = await open(beside, 'r+');
  try {
    if (wasSealed) await file.truncate(log.size);
    await file.chmod(0o600);
    const tail = await cutTail(file, log.size, runId);
    const publish = () =>
      storing(`the log ${path} could not be replaced`, async () => {
        await rename(beside, path);
        await syncFolder(dirname(path));
      });
    return { ...tail, file: log.file, isSealed: true, publish };
  } finally {
    await file.close();
  }
}

function besideOf(path: string, token: number): string {
  return `${path}.${token}.new`;
}

/** Reads the results behind what is recorded, cuts off what is no whole line of this run, and makes the rest durable. */
async function cutTail(file: FileHandle, recorded: number, runId: string): Promise<Tail> {
  const { size } = await file.stat();
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - recorded), 0, size - recorded, recorded);
  const bytes = buffer.subarray(0, bytesRead);
  const positions: number[] = [];
  const unsent: Unsent[] = [];
  let from = 0;
  for (let to = bytes.indexOf(10); to !== -1; to = bytes.indexOf(10, from)) {
    const result = resultOf(bytes.toString('utf8', from, to), runId);
    if (result === undefined) break;
    positions.push(result.position);
    if (result.outcome !== 'sent') unsent.push({ position: result.position, reason: result.outcome });
    from = to + 1;
  }
  if (recorded + from < size) await file.truncate(recorded + from);
  await file.sync();
  return { size: recorded + from, done: rangesOf(positions), unsent };
}

/** What a line of a log says; undefined for one that a crash has torn. */
function resultOf(line: string, runId: string): { position: number; outcome: string } | undefined {
  try {
    const { run_id, position, outcome } = JSON.parse(line) ?? {};
    const isResult = run_id === runId && Number.isSafeInteger(position) && typeof outcome === 'string';
    return isResult ? { position, outcome } : undefined;
  } catch {
    return undefined;
  }
}
