import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Pool } from 'pg';
import { RtnError, toRtnError } from '../error.js';
import type { LogControl, Logger, Run } from '../pipeline/contract.js';
import { isFenced, type Settled } from '../pipeline/ledger.js';
import type { Queue } from '../pipeline/queue.js';
import type { SendResult } from '../pipeline/record.js';
import { connectPostgres } from '../postgres/connect.js';
import { copyRow } from '../postgres/copy-text.js';
import { parseTableName, type TableName } from '../postgres/identifier.js';
import { migrate } from '../postgres/migrations.js';
import { collectBatch } from './batch.js';
import { LOG_COLUMNS } from './columns.js';
import { PostgresLedger } from './postgres-ledger.js';
import { untilAnswered } from './postgres-retry.js';
import { COLUMN_LIST, makeLogTable } from './postgres-table.js';

/** COPY data goes out in pieces of about this size: a piece a row is less than half as fast. */
const CHUNK_CHARACTERS = 65_536;

/**
 * The send log in a Postgres table, which is made when missing. Each batch is one transaction: the results by COPY, then
 * what they change in the ledger, the number of the write among it. When the answer to a COMMIT is lost the batch is
 * written again under the same number, and finds that it stands there already.
 */
export class PostgresLog implements Logger {
  unwritten: readonly SendResult[] = [];
  readonly #table: TableName;
  #pool: Pool | undefined;
  #run: Run | undefined;
  #ledger: PostgresLedger | undefined;

  constructor(table: string) {
    this.#table = parseTableName(table);
  }

  get address(): string {
    return `Postgres table ${this.#table.text}`;
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
    await makeLogTable(pool, this.#table);
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
    const what = `${batch.length} results could not be written to ${this.#table.text}`;
    try {
      await untilAnswered(run, what, () => this.#write(pool, run, batch, settled));
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
      await client.query('begin');
      const copy = client.query(from(`copy ${this.#table.sql} (${COLUMN_LIST}) from stdin`));
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

function* copyChunks(batch: readonly SendResult[], run: Run): Generator<string> {
  let chunk = '';
  for (const result of batch) {
    chunk += copyRow(LOG_COLUMNS.map(({ of }) => of(result, run)));
    if (chunk.length >= CHUNK_CHARACTERS) {
      yield chunk;
      chunk = '';
    }
  }
  if (chunk !== '') yield chunk;
}
