import type { TaskRun } from '../pipeline/task.js';
import { untilDone } from './move-retry.js';
import type { MoveSource } from './move-source.js';

/** Rows are deleted while others are moved, so many times in a pass at most: each goes through the whole table. */
const SWEEPS = 4;

/**
 * Deletes from Postgres what has been moved: in sweeps beside the moving of the rest, one at a time, and what is left at
 * the ends of a pass. Deletes nothing but what lies below a cursor it is given, which was read back from the folder.
 */
export class MoveSweep {
  readonly #source: MoveSource;
  readonly #deleteBatchRows: number;
  readonly #run: TaskRun;
  #deleted = 0n;
  #horizon = 0n;
  #rows = 0;
  /** Moved since the last sweep began. */
  #unswept = 0;
  #sweepAfter = Number.POSITIVE_INFINITY;
  #sweep: Promise<boolean> | undefined;

  constructor(source: MoveSource, deleteBatchRows: number, run: TaskRun) {
    this.#source = source;
    this.#deleteBatchRows = deleteBatchRows;
    this.#run = run;
  }

  /** All below have been deleted. */
  get deleted(): bigint {
    return this.#deleted;
  }

  /** How many rows were deleted. */
  get rows(): number {
    return this.#rows;
  }

  /** The folder says that all below have been deleted. */
  told(deleted: bigint): void {
    if (deleted > this.#deleted) this.#deleted = deleted;
  }

  /** So many rows below the horizon are about to be moved, at least `batchRows` of them between two sweeps. */
  expect(rows: number, horizon: bigint, batchRows: number): void {
    this.#horizon = horizon;
    this.#sweepAfter = Math.max(batchRows, rows / SWEEPS);
  }

  moved(rows: number): void {
    this.#unswept += rows;
  }

  /** Begins to delete what has been moved, once that is worth a sweep and the one before has ended. */
  startWhenDue(cursor: bigint): void {
    if (this.#unswept < this.#sweepAfter || this.#sweep !== undefined) return;
    this.#unswept = 0;
    const sweep = this.#sweepTo(cursor);
    this.#sweep = sweep;
    // Where it fails the end of the pass says so.
    sweep.then(
      (isDone) => {
        if (isDone) this.#sweep = undefined;
      },
      () => {},
    );
  }

  /** Leaves the rows to the end of the pass where they can then be emptied at once. */
  async #sweepTo(cursor: bigint): Promise<boolean> {
    const isLeft = await untilDone(this.#run, `${this.#source.table.text} could not be looked at`, () =>
      this.#source.isTruncatable(this.#deleted, this.#horizon),
    );
    return isLeft === true || this.deleteTo(cursor);
  }

  /** The end of the sweep that was begun: false when told to end before it was done, and throws what it failed with. */
  async ended(): Promise<boolean> {
    return (await this.#sweep) ?? true;
  }

  /** The rows below, emptied at once where that goes, else deleted; yields how many went at a time. */
  async *#goneBelow(cursor: bigint): AsyncGenerator<number> {
    yield* this.#source.truncate(this.#deleted, cursor);
    yield* this.#source.delete(this.#deleted, cursor, this.#deleteBatchRows);
  }

  /** Deletes all below; false when told to end before. */
  async deleteTo(cursor: bigint): Promise<boolean> {
    if (this.#deleted >= cursor) return true;
    const what = `moved rows of ${this.#source.table.text} could not be deleted`;
    const isDone = await untilDone(this.#run, what, async (): Promise<true | undefined> => {
      for await (const count of this.#goneBelow(cursor)) {
        this.#rows += count;
        if (this.#run.signal.aborted) return undefined;
      }
      return true;
    });
    if (isDone === undefined) return false;
    this.#deleted = cursor;
    return true;
  }
}
