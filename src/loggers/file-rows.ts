import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { RtnError } from '../error.js';
import type { LogRow } from './log-rows.js';
import { rowFrom } from './row-scan.js';

const CHUNK_BYTES = 262_144;

/** A line of a log in files, without its end, and the row that it is. */
export interface LogLine {
  readonly text: string;
  readonly row: LogRow;
}

/** The lines of a log, a chunk at a time. A last line without its end is still being written and is none yet. */
export async function* rowsOfLog(path: string): AsyncGenerator<readonly LogLine[]> {
  let [rest, number] = ['', 0];
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: CHUNK_BYTES })) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield lines.map((text) => ({ text, row: rowOf(text, path, ++number) }));
  }
}

function rowOf(text: string, path: string, number: number): LogRow {
  try {
    return rowFrom(JSON.parse(text));
  } catch (cause) {
    throw new RtnError('data', `${path}:${number}: it is no row of a log`, {
      cause,
      next: 'mend or remove the line, then run the same command again',
    });
  }
}

/** Puts a file without the rows in place of a log, or none where no row is left: a crash leaves the old or the new. */
export async function rewriteWithout(path: string, isGone: (row: LogRow) => boolean): Promise<void> {
  const beside = `${path}.${process.pid}.purge`;
  let left = 0;
  const staying = async function* () {
    for await (const lines of rowsOfLog(path)) {
      const stay = lines.filter(({ row }) => !isGone(row));
      left += stay.length;
      yield stay.map(({ text }) => `${text}\n`).join('');
    }
  };
  try {
    await pipeline(staying, createWriteStream(beside, { flags: 'wx', mode: 0o600 }));
    const file = await open(beside, 'r+');
    await file.sync().finally(() => file.close());
    if (left === 0) await rm(path);
    else await rename(beside, path);
  } finally {
    await rm(beside, { force: true });
  }
}
