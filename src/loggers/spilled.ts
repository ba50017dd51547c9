import { rename, stat } from 'node:fs/promises';
import type { SendResult } from '../pipeline/record.js';
import { resultOfRow } from './columns.js';
import { spillLines } from './spill-lines.js';

/**
 * The results that an earlier start of a run has spilled; undefined where there are none. `done` sets the file aside, as
 * `FILE.logged`, once they are durable in the log.
 */
export async function spilledResults(
  path: string,
): Promise<{ readonly results: readonly SendResult[]; done(): Promise<void> } | undefined> {
  if ((await stat(path).catch(() => undefined)) === undefined) return undefined;
  const byPosition = new Map<number, SendResult>();
  for await (const line of spillLines(path)) {
    if (line.kind !== 'row') continue;
    const result = resultOfRow(line.values);
    byPosition.set(result.position, result);
  }
  return { results: [...byPosition.values()], done: () => rename(path, `${path}.logged`) };
}
