import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Pool } from 'pg';
import { RtnError, toRtnError } from '../error.js';
import type { LogControl, Logger, Run } from '../pipeline/contract.js';
import { isFenced, type Settled } from '../pipeline/ledger.js';
import type { Queue } from '../pipeline/queue.js';
import type { SendResult } from '../pipeline/record.js';
import { connectPostgres } from '../postgres/connect.js';
import { type LogTarget, parseLogTarget } from '../postgres/log-target.js';
import { migrate } from '../postgres/migrations.js';
import { collectBatch } from './batch.js';
import { copyChunks } from './copy-rows.js';
import { PostgresLedger } from './postgres-ledger.js';
import { LogPartitions } from './postgres-partitions.js';
import { untilAnswered } from './postgres-retry.js';
import { COLUMN_LIST, makeLogTable } from './postgres-table.js';

/**
 * A transaction that waits for a connection on which nothing comes any more would keep the lease's row locked, from this
 * process' own repeat too. Set with the transaction, since poolers take no such setting with a connection.
 */
const BEGIN = "begin; set local idle_in_transaction_session_timeout = '10s'";

/**
 * The send log in a Postgres table, which is made when missing. Each batch is one transaction: the results by COPY, then
 * what they change in the ledger, the number of the write among it. When the answer to a COMMIT is lost the batch is
 * written again under the same number, and finds that it stands there already.
 */
export class PostgresLog implements Logger {
  unwritten: readonly SendResult[] = [];
  readonly #target: LogTarget;
  readonly #partitions: LogPartitions;
  #pool: Pool | undefined;
  #run: Run | undefined;
  #ledger: PostgresLedger | undefined;

  /** `target` is what stands behind `pg:`. */
  constructor(target: string) {
    this.#target = parseLogTarget(target);
    this.#partitions = new LogPartitions(this.#target);
  }

  get address(): string {
    return `Postgres table ${this.#target.table.text}`;
  }

  get ledger(): PostgresLedger {
    if (this.#ledger === undefined) throw new Error('the ledger was used before open');
    return this.#ledger;
  }

  async open(run: Run): Promise<void> {
    this.#run = run;
    const pool = await connectPostgres(run.environment, `rtn ${run.operation} ${run.id}`);
    this.#pool = pool;
    this.#ledger = new PostgresLedger(pool, run);
    await migrate(pool);
    await makeLogTable(pool, this.#target);
    await this.#partitions.makeAhead(pool, run.clock.now());
  }

  async log(results: Queue<SendResult>, { settle, written, pressure }: LogControl): Promise<void> {
    const [pool, run] = [this.#pool, this.#run];
    if (pool === undefined || run === undefined) throw new Error('log was called before open');
    for (;;) {
      const batch = await collectBatch(results, run.clock, pressure);
      if (batch.length === 0) return;
      this.unwritten = batch;
      const settled = settle(batch);
      await this.#writeUntilDurable(pool, run, batch, settled);
      this.unwritten = [];
      this.ledger.settled();
      written(batch, settled);
    }
  }

  async close(): Promise<void> {
    await this.#pool?.end();
  }

  async #writeUntilDurable(
    pool: Pool,
    run: Run,
    batch: readonly SendResult[],
    settled: Settled,
  ): Promise<void> {
    const what = `${batch.length} results could not be written to ${this.#target.table.text}`;
    const times = batch.map(({ finishedAtMs }) => finishedAtMs);
    try {
      await untilAnswered(run, what, async () => {
        await this.#partitions.cover(pool, times);
        await this.#write(pool, run, batch, settled);
      });
    } catch (thrown) {
      if (isFenced(thrown)) throw thrown;
      const { message, details, next } = toRtnError(thrown);
      throw new RtnError('storage', message, { cause: thrown, details, ...(next && { next }) });
    }
  }

  async #write(pool: Pool, run: Run, batch: readonly SendResult[], settled: Settled): Promise<void> {
    const { from } = await import('pg-copy-streams');
    const client = await pool.connect();
    const ignore = () => {};
    client.on('error', ignore);
    let failure: Error | undefined;
    try {
      await client.query(BEGIN);
      const copy = client.query(from(`copy ${this.#target.table.sql} (${COLUMN_LIST}) from stdin`));
      await pipeline(Readable.from(copyChunks(batch, run)), copy);
      const isNew = await this.ledger.settle(client, settled);
      await client.query(isNew ? 'commit' : 'rollback');
    } catch (thrown) {
      failure = thrown instanceof Error ? thrown : new Error(String(thrown));
      throw thrown;
    } finally {
      client.off('error', ignore);
      client.release(failure);
    }
  }
}
