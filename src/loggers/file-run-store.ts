import { join, resolve } from 'node:path';
import { systemClock } from '../clock.js';
import type { StoredClaims, Unsent } from '../pipeline/claims.js';
import type { RunControl, RunRecord } from '../pipeline/ledger.js';
import { storing, syncFolder } from './durable-file.js';
import { namesIn, RunFiles } from './file-names.js';
import { readRecord } from './file-record.js';
import { rewriteWithout, rowsOfLog } from './file-rows.js';
import {
  listFileRuns,
  loadFileClaims,
  loadFileUnsent,
  readFileStarts,
  removeFileRun,
  setFileControl,
} from './file-runs.js';
import type { LogRow } from './log-rows.js';
import { rowMatcher, summaryOf, unsentClasses } from './row-scan.js';
import {
  type DeletedRows,
  type KnownRun,
  type LogErrors,
  newestOf,
  type RowFilter,
  type RunFilter,
  type RunStore,
  type UnsentClass,
} from './run-store.js';

const LOG_NAME = /^(.+)\.\d+(-\d+)?\.ndjson$/;

/** A folder of logs and ledgers. Logs are read through; to delete rows a log is written anew without them. */
export class FileRunStore implements RunStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = resolve(folder);
  }

  get address(): string {
    return `the folder ${this.#folder}`;
  }

  async list(filter: RunFilter): Promise<KnownRun[]> {
    const records = newestOf(await listFileRuns(this.#folder), filter);
    return Promise.all(records.map((record) => this.#withStarts(record)));
  }

  async find(runId: string): Promise<KnownRun | undefined> {
    const record = await storing(`the run '${runId}' could not be read`, () =>
      readRecord(RunFiles.of(this.#folder, runId)),
    );
    return record && this.#withStarts(record);
  }

  claims(runId: string, shard: number): Promise<StoredClaims> {
    return loadFileClaims(this.#folder, runId, shard);
  }

  async unsent({ runId, plan }: RunRecord): Promise<UnsentClass[]> {
    const all: Unsent[] = [];
    for (let shard = 0; shard < plan.shards; shard++)
      for (const unsent of await loadFileUnsent(this.#folder, runId, shard)) all.push(unsent);
    return unsentClasses(all);
  }

  errors({ runId }: RunRecord): Promise<LogErrors> {
    return summaryOf(this.rows({ runId }), () => systemClock.monotonic());
  }

  async setControl(runId: string, change: Partial<RunControl>): Promise<void> {
    const run = await this.find(runId);
    if (run !== undefined) await setFileControl(this.#folder, runId, { ...run.record.control, ...change });
  }

  remove(runId: string): Promise<void> {
    return removeFileRun(this.#folder, runId);
  }

  async *rows(filter: RowFilter): AsyncGenerator<readonly LogRow[]> {
    const matches = rowMatcher(filter);
    for (const path of await this.#logs(filter)) {
      for await (const lines of rowsOfLog(path)) {
        const wanted = lines.map(({ row }) => row).filter(matches);
        if (wanted.length > 0) yield wanted;
      }
    }
  }

  async countRows(filter: RowFilter): Promise<number> {
    let count = 0;
    for await (const rows of this.rows(filter)) count += rows.length;
    return count;
  }

  /** A log to which somebody may append still is left alone: its rows are `kept`. */
  async deleteRows(filter: RowFilter, progress: (deleted: number) => void): Promise<DeletedRows> {
    const open = await this.#openNames(filter.runId);
    const matches = rowMatcher(filter);
    let [deleted, kept] = [0, 0];
    for (const path of await this.#logs(filter)) {
      const [, name = ''] = LOG_NAME.exec(path.slice(this.#folder.length + 1)) ?? [];
      let matching = 0;
      for await (const lines of rowsOfLog(path)) matching += lines.filter(({ row }) => matches(row)).length;
      if (matching === 0) continue;
      if (open.has(name)) {
        kept += matching;
        continue;
      }
      await storing(`${path} could not be written without the rows`, () => rewriteWithout(path, matches));
      deleted += matching;
      progress(deleted);
    }
    await storing(`${this.#folder} could not be written`, () => syncFolder(this.#folder));
    const reason = 'they are in logs of runs that may go on, and such a file is not written anew';
    return { deleted, kept, ...(kept > 0 && { reason }) };
  }

  async close(): Promise<void> {}

  async #withStarts(record: RunRecord): Promise<KnownRun> {
    return { record, starts: await readFileStarts(this.#folder, record.runId) };
  }

  async #logs({ runId }: RowFilter): Promise<string[]> {
    if (runId !== undefined) return RunFiles.of(this.#folder, runId).logs();
    const names = await namesIn(this.#folder);
    return names
      .filter((name) => LOG_NAME.test(name))
      .sort()
      .map((name) => join(this.#folder, name));
  }

  /** Runs, as their files are named, whose logs may be appended to: a stream's goes on after each end. */
  async #openNames(exceptRun: string | undefined): Promise<ReadonlySet<string>> {
    const runs = await listFileRuns(this.#folder);
    const open = runs.filter(
      ({ runId, state, plan }) =>
        runId !== exceptRun && (state !== 'finished' || plan.inputIdentity === null),
    );
    return new Set(open.map(({ runId }) => RunFiles.of(this.#folder, runId).name));
  }
}
