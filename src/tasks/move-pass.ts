import { RtnError } from '../error.js';
import type { TaskRun } from '../pipeline/task.js';
import { type AppendOptions, appendBatch, isMiscount } from './move-append.js';
import type { FolderState, MoveFolder } from './move-folder.js';
import { readHorizon } from './move-horizon.js';
import { type MoveBatch, type MovePlan, planBatches } from './move-plan.js';
import { requireAhead, requireMoved } from './move-restore.js';
import { untilDone } from './move-retry.js';
import { MoveSweep } from './move-sweep.js';

/** A batch that is under way when the process is told to end has so long to be committed. */
const FINISH_WITHIN_MS = 10_000;

/** Rows that are purged while they are moved are counted anew, so often without a batch in between. */
const MOST_MISCOUNTS = 10;

export interface PassOptions extends AppendOptions {
  readonly folder: MoveFolder;
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
  readonly #sweep: MoveSweep;
  /** Ends a batch that takes too long to be finished. */
  readonly #cut = new AbortController();
  #total: number | undefined;
  #state: FolderState = { cursor: 0n, deleted: 0n, timeline: 0, runId: '' };
  /** Batches one after the other that were not as they had been counted. */
  #miscounts = 0;
  /** The batch whose commit may have gone through although nothing said so. */
  #unsure: { readonly batch: MoveBatch; readonly bytes: number } | undefined;
  readonly #passed = { rows: 0, bytes: 0, batches: 0, days: new Map<string, number>() };

  constructor(options: PassOptions, run: TaskRun) {
    this.#options = options;
    this.#run = run;
    this.#sweep = new MoveSweep(options.source, options.deleteBatchRows, run);
  }

  get passed(): Passed {
    return { ...this.#passed, deleted: this.#sweep.rows, cursor: this.#state.cursor };
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
    if (!(await this.#checkMoved())) return false;
    if (!(await this.#deleteAll())) return false;
    const horizon = await untilDone(this.#run, 'the horizon could not be read', () =>
      readHorizon(this.#options.source.pool),
    );
    if (horizon === undefined) return false;
    requireAhead(this.#state, horizon);
    try {
      if (!(await this.#moveTo(horizon))) return false;
    } finally {
      await this.#sweep.ended().catch(() => {});
    }
    return (await this.#sweep.ended()) && (await this.#deleteAll());
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
    const plan = await untilDone(this.#run, what, () =>
      planBatches(pool, table, { from: this.#state.cursor, to: horizon, batchRows }),
    );
    if (plan === undefined) return undefined;
    const ahead = plan.batches.reduce((sum, { rows }) => sum + rows, 0);
    this.#total = plan.isWhole ? this.#passed.rows + ahead : undefined;
    this.#sweep.expect(ahead, horizon, batchRows);
    return plan;
  }

  /** `stale` when the cursor has moved otherwise than planned. */
  async #moveAll({ batches }: MovePlan): Promise<'all' | 'stale' | 'ended'> {
    for (const batch of batches) {
      const outcome = await untilDone(this.#run, 'the log could not be moved', () => this.#move(batch));
      if (outcome === undefined) return 'ended';
      if (outcome === 'stale') return 'stale';
      this.#run.progress({ done: this.#passed.rows, total: this.#total, unit: 'rows' });
      this.#sweep.startWhenDue(this.#state.cursor);
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
      const bytes = await appendBatch(this.#options, batch, transaction, this.#cut.signal);
      const state = {
        cursor: batch.to,
        deleted: this.#sweep.deleted,
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

  /** Deletes what lies below the cursor, and tells the folder; false when told to end before all of it is. */
  async #deleteAll(): Promise<boolean> {
    const { cursor, deleted } = this.#state;
    if (!(await this.#sweep.deleteTo(cursor))) return false;
    if (deleted >= cursor) return true;
    return (
      (await untilDone(this.#run, 'the folder could not be told', () => this.#tellDeleted())) !== undefined
    );
  }

  async #tellDeleted(): Promise<true | undefined> {
    const { folder } = this.#options;
    const transaction = await folder.lock();
    if (transaction === undefined) return undefined;
    try {
      const state = await folder.read(transaction);
      this.#take(state);
      const told = { ...state, deleted: this.#sweep.deleted };
      await folder.write(told, transaction);
      await transaction.commit();
      this.#take(told);
      return true;
    } catch (thrown) {
      await transaction.abort().catch(() => {});
      throw thrown;
    }
  }

  async #checkMoved(): Promise<boolean> {
    if (this.#state.cursor === 0n) return true;
    const checked = await untilDone(this.#run, 'the log could not be read', async (): Promise<true> => {
      await requireMoved(this.#options.source, this.#state);
      return true;
    });
    return checked !== undefined;
  }

  async #reread(): Promise<true | undefined> {
    const { folder } = this.#options;
    return await untilDone(this.#run, 'the folder could not be read', async (): Promise<true> => {
      this.#take(await folder.read());
      return true;
    });
  }

  /** Takes note of what the folder says, and of a commit that had gone through. */
  #take(state: FolderState): void {
    this.#state = state;
    this.#sweep.told(state.deleted);
    const unsure = this.#unsure;
    this.#unsure = undefined;
    if (unsure === undefined || state.cursor !== unsure.batch.to || state.runId !== this.#run.id) return;
    const { batch, bytes } = unsure;
    this.#passed.rows += batch.rows;
    this.#passed.bytes += bytes;
    this.#passed.batches++;
    this.#miscounts = 0;
    this.#sweep.moved(batch.rows);
    for (const { day, rows } of batch.days)
      this.#passed.days.set(day, (this.#passed.days.get(day) ?? 0) + rows);
  }
}

function told(): RtnError {
  return new RtnError('temporary', 'told to end: the batch under way was not finished in time');
}
