import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { RtnError } from '../error.js';
import type { Run } from '../pipeline/contract.js';
import { fileNameOf } from '../pipeline/file-name.js';
import type { Incoming, Row } from '../pipeline/record.js';
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
  readonly #warn: Run['warn'];
  #rows = 0;

  constructor({ id, stateDir, warn }: Pick<Run, 'id' | 'stateDir' | 'warn'>) {
    this.#folder = stateDir;
    this.#warn = warn;
    this.path = join(stateDir, `${fileNameOf(id)}.replay.ndjson`);
  }

  /** How many rows it got. */
  get rows(): number {
    return this.#rows;
  }

  /** Adds the rows; a malformed record has none, which is a warning. Throws `storage`. */
  async append(records: readonly Incoming[]): Promise<void> {
    const rows = records.flatMap((record) => ('row' in record ? [record.row] : []));
    if (rows.length > 0) await this.#write(rows);
    this.#rows += rows.length;
    const malformed = (records.length - rows.length).toLocaleString('en-US');
    if (rows.length < records.length)
      this.#warn(`${malformed} of the rows that are left were malformed and are not kept`);
  }

  async #write(rows: readonly Row[]): Promise<void> {
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
  }
}
