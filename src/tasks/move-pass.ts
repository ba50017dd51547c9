import { RtnError } from '../error.js';
import type { TaskRun } from '../pipeline/task.js';
import { postgresError } from '../postgres/errors.js';
import type { YtClient } from '../yt/client.js';
import type { YtTransaction } from '../yt/transaction.js';
import { readColumns } from './move-columns.js';
import type { FolderState, MoveFolder } from './move-folder.js';
import { readHorizon } from './move-horizon.js';
import { type MoveBatch, type MovePlan, planBatches } from './move-plan.js';
import { untilDone } from './move-retry.js';
import type { MoveSource } from './move-source.js';
import { readyTable, rowCount } from './move-tables.js';

/** Rows are deleted while others are moved, so many times in a pass at most: each goes through the whole table. */
const SWEEPS = 4;

/** A batch that is under way when the process is told to end has so long to be committed. */
const FINISH_WITHIN_MS = 10_000;

/** Rows that are purged while they are moved are counted anew, so often without a batch in between. */
const MOST_MISCOUNTS = 10;

export interface PassOptions {
  readonly source: MoveSource;
  readonly folder: MoveFolder;
  readonly client: YtClient;
  /** Path of the folder. */
  readonly path: string;
  readonly batchRows: number;
  readonly deleteBatchRows: number;
}

/** What a pass has done. */
export interface Passed {
  rows: number;
  bytes: number;
  batches: number;
  deleted: number;
  /** Rows by the day of their table. */
  readonly days: Map<string, number>;
  /** All below have been moved. */
  cursor: bigint;
}

/**
 * One pass: deletes what an earlier one has left, then moves all transactions below the horizon, batch by batch, and
 * deletes them. States of a row: in Postgres -> in both, below the cursor -> in the folder. The cursor and the rows
 * change in one transaction of YTsaurus; nothing is deleted that does not lie below a cursor that was read back from
 * there. Wherever it is killed, the next pass goes on from the cursor.
 */
export class MovePass {
  readonly #options: PassOptions;
  readonly #run: TaskRun;
  /** Ends a batch that takes too long to be finished. */
  readonly #cut = new AbortController();
  #total: number | undefined;
  #state: FolderState = { cursor: 0n, deleted: 0n, timeline: 0, runId: '' };
  /** All below have been deleted. */
  #deleted = 0n;
  /** Moved since the last sweep began. */
  #unswept = 0;
  #sweepAfter = Number.POSITIVE_INFINITY;
  #sweep: Promise<boolean> | undefined;
  /** Batches one after the other that were not as they had been counted. */
  #miscounts = 0;
  /** The batch whose commit may have gone through although nothing said so. */
  #unsure: { readonly batch: MoveBatch; readonly bytes: number } | undefined;
  readonly passed: Passed = { rows: 0, bytes: 0, batches: 0, deleted: 0, days: new Map(), cursor: 0n };

  constructor(options: PassOptions, run: TaskRun) {
    this.#options = options;
    this.#run = run;
  }

  /** Gives whether all is done that there was to do. */
  async run(): Promise<boolean> {
    const { signal, clock } = this.#run;
    let cancel = () => {};
    const finishSoon = () => {
      cancel = clock.schedule(FINISH_WITHIN_MS, () => this.#cut.abort(told()));
    };
    signal.addEventListener('abort', finishSoon, { once: true });
    try {
      return await this.#pass();
    } finally {
      signal.removeEventListener('abort', finishSoon);
      cancel();
    }
  }

  async #pass(): Promise<boolean> {
    if ((await this.#reread()) === undefined) return false;
    if (this.#state.cursor > 0n) await this.#requireMoved();
    if (!(await this.#deleteAll())) return false;
    const horizon = await this.#until('the horizon could not be read', () =>
      readHorizon(this.#options.source.pool),
    );
    if (horizon === undefined) return false;
    requireAhead(this.#state, horizon);
    try {
      if (!(await this.#moveTo(horizon))) return false;
    } finally {
      await this.#sweep?.catch(() => {});
    }
    return (await this.#sweep) !== false && (await this.#deleteAll());
  }

  /** Moves all below the horizon; false when told to end before. */
  async #moveTo(horizon: bigint): Promise<boolean> {
    for (;;) {
      const plan = await this.#plan(horizon);
      if (plan === undefined) return false;
      if (plan.batches.length === 0) return true;
      const moved = await this.#moveAll(plan);
      if (moved === 'ended') return false;
      if (moved === 'all' && plan.isWhole) return true;
    }
  }

  async #plan(horizon: bigint): Promise<MovePlan | undefined> {
    const { source, batchRows } = this.#options;
    const { pool, table } = source;
    const what = `${table.text} could not be counted`;
    const plan = await this.#until(what, () =>
      planBatches(pool, table, { from: this.#state.cursor, to: horizon, batchRows }),
    );
    if (plan === undefined) return undefined;
    const ahead = plan.batches.reduce((sum, { rows }) => sum + rows, 0);
    this.#total = plan.isWhole ? this.passed.rows + ahead : undefined;
    this.#sweepAfter = Math.max(batchRows, ahead / SWEEPS);
    return plan;
  }

  /** `stale` when the cursor has moved otherwise than planned. */
  async #moveAll({ batches }: MovePlan): Promise<'all' | 'stale' | 'ended'> {
    for (const batch of batches) {
      const outcome = await this.#until('the log could not be moved', () => this.#move(batch));
      if (outcome === undefined) return 'ended';
      if (outcome === 'stale') return 'stale';
      this.#run.progress({ done: this.passed.rows, total: this.#total, unit: 'rows' });
      if (this.#unswept >= this.#sweepAfter) this.#startSweep();
    }
    return 'all';
  }

  /** Moves one batch in one transaction; undefined when told to end before it was begun. */
  async #move(batch: MoveBatch): Promise<'moved' | 'stale' | undefined> {
    const { folder, source } = this.#options;
    const transaction = await folder.lock();
    if (transaction === undefined) return undefined;
    try {
      this.#take(await folder.read(transaction));
      if (this.#state.cursor !== batch.from) {
        await transaction.abort();
        return this.#state.cursor === batch.to ? 'moved' : 'stale';
      }
      const bytes = await this.#append(batch, transaction);
      const state = {
        cursor: batch.to,
        deleted: this.#deleted,
        timeline: source.timeline,
        runId: this.#run.id,
      };
      await folder.write(state, transaction);
      this.#unsure = { batch, bytes };
      await transaction.commit();
      this.#take(state);
      return 'moved';
    } catch (thrown) {
      await transaction.abort().catch(() => {});
      if (!isMiscount(thrown) || ++this.#miscounts > MOST_MISCOUNTS) throw thrown;
      this.#run.warn(`${thrown.message}; counting again`);
      return 'stale';
    }
  }

  /** Appends the rows of each day to its table; gives their bytes. Throws where they are not as many as were counted. */
  async #append({ days, ...batch }: MoveBatch, transaction: YtTransaction): Promise<number> {
    const { client, source, path } = this.#options;
    const signal = AbortSignal.any([transaction.lost, this.#cut.signal]);
    const columns = await readColumns(source.pool, source.table);
    let bytes = 0;
    for (const { day, rows } of days) {
      const table = `${path}/${day}`;
      const before = await readyTable(client, table, columns, transaction);
      let read = 0;
      const lines = source.rows({ ...batch, days }, day, columns, (count) => {
        read = count;
        if (count !== rows) throw miscounted(source.table.text, day, rows, count);
      });
      const counted = (async function* () {
        for await (const piece of lines) {
          bytes += piece.length;
          yield piece;
        }
      })();
      await client.writeTable(table, counted, { append: true, transaction, signal });
      const after = await rowCount(client, table, transaction);
      if (after - before !== read) throw miscounted(table, day, read, after - before);
    }
    return bytes;
  }

  /** Deletes what lies below the cursor, and tells the folder; false when told to end before all of it is. */
  async #deleteAll(): Promise<boolean> {
    const { cursor, deleted } = this.#state;
    if (!(await this.#deleteTo(cursor))) return false;
    if (deleted >= cursor) return true;
    return (await this.#until('the folder could not be told', () => this.#tellDeleted())) !== undefined;
  }

  /** Begins to delete what has been moved so far, beside what is being moved. One at a time. */
  #startSweep(): void {
    if (this.#sweep !== undefined) return;
    this.#unswept = 0;
    const sweep = this.#deleteTo(this.#state.cursor);
    this.#sweep = sweep;
    // Where it fails the end of the pass says so.
    sweep.then(
      (isDone) => {
        if (isDone) this.#sweep = undefined;
      },
      () => {},
    );
  }

  async #deleteTo(cursor: bigint): Promise<boolean> {
    const { source, deleteBatchRows } = this.#options;
    if (this.#deleted >= cursor) return true;
    const what = `moved rows of ${source.table.text} could not be deleted`;
    const isDone = await this.#until(what, async (): Promise<true | undefined> => {
      for await (const count of source.delete(this.#deleted, cursor, deleteBatchRows)) {
        this.passed.deleted += count;
        if (this.#run.signal.aborted) return undefined;
      }
      return true;
    });
    if (isDone === undefined) return false;
    this.#deleted = cursor;
    return true;
  }

  /** Rows that nobody has moved lie where all had been deleted: Postgres was set back, or they were written with old numbers. */
  async #requireMoved(): Promise<void> {
    const { source } = this.#options;
    const { deleted, cursor, timeline } = this.#state;
    const isOtherTimeline = deleted < cursor && timeline !== source.timeline;
    const unmoved = await this.#until('the log could not be read', () => source.count(0n, deleted));
    if (!isOtherTimeline && (unmoved ?? 0) === 0) return;
    const problem = isOtherTimeline
      ? `Postgres is on timeline ${source.timeline}, and rows up to xid ${cursor} were moved on timeline ${timeline}`
      : `${unmoved} rows of ${source.table.text} have an xid below ${deleted}, where all rows had been moved and deleted`;
    throw new RtnError('configuration', `rows may not have been moved, and are not deleted: ${problem}`, {
      next: 'see docs/pg2yt.md, "After a restore or a failover"',
    });
  }

  async #tellDeleted(): Promise<true | undefined> {
    const { folder } = this.#options;
    const transaction = await folder.lock();
    if (transaction === undefined) return undefined;
    try {
      const state = await folder.read(transaction);
      this.#take(state);
      const told = { ...state, deleted: this.#deleted };
      await folder.write(told, transaction);
      await transaction.commit();
      this.#take(told);
      return true;
    } catch (thrown) {
      await transaction.abort().catch(() => {});
      throw thrown;
    }
  }

  async #reread(): Promise<true | undefined> {
    const { folder } = this.#options;
    return await this.#until('the folder could not be read', async (): Promise<true> => {
      this.#take(await folder.read());
      return true;
    });
  }

  /** Takes note of what the folder says, and of a commit that had gone through. */
  #take(state: FolderState): void {
    this.#state = state;
    this.passed.cursor = state.cursor;
    if (state.deleted > this.#deleted) this.#deleted = state.deleted;
    const unsure = this.#unsure;
    this.#unsure = undefined;
    if (unsure === undefined || state.cursor !== unsure.batch.to || state.runId !== this.#run.id) return;
    const { batch, bytes } = unsure;
    this.passed.rows += batch.rows;
    this.passed.bytes += bytes;
    this.passed.batches++;
    this.#miscounts = 0;
    this.#unswept += batch.rows;
    for (const { day, rows } of batch.days)
      this.passed.days.set(day, (this.passed.days.get(day) ?? 0) + rows);
  }

  #until<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    return untilDone(this.#run, async () => {
      try {
        return await work();
      } catch (thrown) {
        throw thrown instanceof RtnError ? thrown : postgresError(what, thrown);
      }
    });
  }
}

/** A cluster that was set back gives numbers again that were moved already. */
function requireAhead({ cursor }: FolderState, horizon: bigint): void {
  if (horizon >= cursor) return;
  throw new RtnError(
    'configuration',
    `Postgres is behind the folder: its horizon is xid ${horizon}, and the log was moved up to ${cursor}`,
    { next: 'see docs/pg2yt.md, "After a restore or a failover"' },
  );
}

function miscounted(where: string, day: string, expected: number, got: number): RtnError {
  return new RtnError(
    'unavailable',
    `${where} changed while it was moved: expected ${expected} rows of ${day}, got ${got}`,
    { details: { isMiscount: true } },
  );
}

function isMiscount(thrown: unknown): thrown is RtnError {
  return thrown instanceof RtnError && thrown.details.isMiscount === true;
}

function told(): RtnError {
  return new RtnError('temporary', 'told to end: the batch under way was not finished in time');
}
