import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { RtnError } from '../error.js';
import type { Run } from '../pipeline/contract.js';
import type { SendResult } from '../pipeline/record.js';
import { logLines } from './log-line.js';

/**
 * The last resort of results that the log did not take: a file of the run in its state folder, one JSON object of the
 * log's columns a line, flushed to disk. A person reads the log as this file and the log together.
 */
export class SpillFile {
  readonly path: string;
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
    this.path = join(run.stateDir, `${encodeURIComponent(run.id)}.spill.ndjson`);
  }

  async append(results: readonly SendResult[]): Promise<void> {
    const lines = results.map(logLines(this.#run));
    try {
      await mkdir(this.#run.stateDir, { recursive: true });
      const file = await open(this.path, 'a', 0o600);
      try {
        await file.appendFile(lines.join(''));
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
}
