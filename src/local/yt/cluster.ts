import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../clock.js';
import { removeChunk } from './chunk-writer.js';
import { Journal } from './journal.js';
import { Locks } from './locks.js';
import type { Chunk } from './node.js';
import { Transactions } from './transactions.js';
import { Trunk } from './trunk.js';

/** All that the server keeps, in memory and under one directory. Commands work on it. */
export class Cluster {
  readonly directory: string;
  readonly clock: Clock;
  readonly trunk: Trunk;
  readonly locks = new Locks();
  readonly transactions: Transactions;
  readonly #journal: Journal;
  readonly #removals = new Set<Promise<void>>();

  constructor(directory: string, clock: Clock) {
    this.directory = directory;
    this.clock = clock;
    mkdirSync(join(directory, 'chunks'), { recursive: true });
    this.#journal = new Journal(directory);
    const dropped = (chunks: readonly Chunk[]): void => this.#dropped(chunks);
    this.trunk = new Trunk(this.#journal, clock, dropped);
    this.transactions = new Transactions(this.trunk, this.locks, clock, dropped);
    this.#sweep();
  }

  async close(): Promise<void> {
    this.transactions.abortAll();
    await Promise.all(this.#removals);
    this.#journal.close();
  }

  /** Removes files of chunks that neither the trunk nor a transaction holds. */
  #dropped(chunks: readonly Chunk[]): void {
    // While the journal is read there are no transactions yet: what is left over then is swept afterwards.
    if (this.transactions === undefined) return;
    for (const chunk of chunks) {
      if (!this.trunk.chunkIds.has(chunk.id) && !this.transactions.isHeld(chunk)) this.#remove(chunk.id);
    }
  }

  /** Removes what unfinished writes of an earlier process have left. */
  #sweep(): void {
    for (const name of readdirSync(join(this.directory, 'chunks'))) {
      const id = name.replace(/\.(?:rows|index)$/, '');
      if (!this.trunk.chunkIds.has(id)) this.#remove(id);
    }
  }

  #remove(id: string): void {
    const removal = removeChunk(this.directory, id).finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }
}
