import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { RtnError } from '../error.js';
import type { Run } from '../pipeline/contract.js';
import type { SendResult } from '../pipeline/record.js';
import { logLines } from './log-line.js';

/** The first line of a spill file: to which run, operation and log its rows belong. */
export interface SpillHeader {
  readonly form: 'rtn-spill/v1';
  readonly run_id: string;
  readonly operation: string;
  readonly version: string;
  readonly digest: string;
  /** Location of the log, as given: `pg:driver_push_log`. */
  readonly log: string;
}

export const SPILL_FORM = 'rtn-spill/v1';

/**
 * The last resort of results that the log did not take: a file of the run in its state folder, flushed to disk. The
 * first line says what it belongs to, each other line is one JSON object of the log's columns. `rtn log replay FILE`
 * writes it to the log.
 */
export class SpillFile {
  readonly path: string;
  readonly #run: Run;
  readonly #log: string;

  /** `log` is the location of the log that did not take them. */
  constructor(run: Run, log: string) {
    this.#run = run;
    this.#log = log;
    const shard = run.shards === 1 ? '' : `.${run.shard}`;
    this.path = join(run.stateDir, `${encodeURIComponent(run.id)}${shard}.spill.ndjson`);
  }

  async append(results: readonly SendResult[]): Promise<void> {
    const lines = results.map(logLines(this.#run));
    try {
      await mkdir(this.#run.stateDir, { recursive: true });
      const file = await open(this.path, 'a+', 0o600);
      try {
        await file.appendFile((await this.#lead(file)) + lines.join(''));
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new RtnError(
        'storage',
        `${results.length} results could be written neither to the log nor to ${this.path}: ${reason}`,
        { cause },
      );
    }
  }

  /** What comes before the rows: the header in a new file, the end of a line that a crash cut off. */
  async #lead(file: FileHandle): Promise<string> {
    const { size } = await file.stat();
    if (size === 0) return `${JSON.stringify(this.#header())}\n`;
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer.toString() === '\n' ? '' : '\n';
  }

  #header(): SpillHeader {
    const { id, operation, version, digest } = this.#run;
    return { form: SPILL_FORM, run_id: id, operation, version, digest, log: this.#log };
  }
}
