import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { RtnError } from '../error.js';
import type { Run } from '../pipeline/contract.js';
import { fileNameOf } from '../pipeline/file-name.js';
import type { Incoming } from '../pipeline/record.js';
import { writeLosslessJson } from '../yson/exact-json.js';

/** How many rows are written at a time. */
const BATCH = 1_000;

/**
 * Rows that a stream handed over and that the run left: a file of one JSON object a line in its state folder, for its
 * owner alone, flushed to disk. `rtn push FILE` sends them again.
 */
export class ReplayFile {
  readonly path: string;
  readonly #folder: string;

  constructor({ id, stateDir }: Pick<Run, 'id' | 'stateDir'>) {
    this.#folder = stateDir;
    this.path = join(stateDir, `${fileNameOf(id)}.replay.ndjson`);
  }

  /** Adds the rows; a malformed record has none. Returns how many were written; throws `storage`. */
  async append(records: readonly Incoming[]): Promise<number> {
    const rows = records.flatMap((record) => ('row' in record ? [record.row] : []));
    if (rows.length === 0) return 0;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const file = await open(this.path, 'a', 0o600);
      try {
        for (let from = 0; from < rows.length; from += BATCH)
          await file.appendFile(
            rows
              .slice(from, from + BATCH)
              .map((row) => `${writeLosslessJson(row)}\n`)
              .join(''),
          );
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new RtnError(
        'storage',
        `${rows.length} rows that are left could not be written to ${this.path}: ${reason}`,
        { cause },
      );
    }
    return rows.length;
  }
}
