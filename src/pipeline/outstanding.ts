import type { Incoming, SendResult } from './record.js';

interface Taken {
  readonly record: Incoming;
  readonly atMs: number;
}

/**
 * Rows that were taken from the input and have no result in the log yet, in the order in which they came. At the end of a
 * run they are those that are left. Kept for a stream, whose rows cannot be read again, and for who watches a run.
 */
export class Outstanding {
  readonly #taken = new Map<number, Taken>();

  get size(): number {
    return this.#taken.size;
  }

  /** Monotonic milliseconds at which the oldest was taken; undefined where there is none. */
  get oldestMs(): number | undefined {
    for (const { atMs } of this.#taken.values()) return atMs;
    return undefined;
  }

  take(records: readonly Incoming[], nowMs: number): void {
    for (const record of records) this.#taken.set(record.position, { record, atMs: nowMs });
  }

  /** Their results are durable, or will never be. */
  settle(results: readonly SendResult[]): void {
    for (const { position } of results) this.#taken.delete(position);
  }

  records(): Incoming[] {
    return Array.from(this.#taken.values(), ({ record }) => record);
  }
}
