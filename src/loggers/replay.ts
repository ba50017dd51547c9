import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Pool, PoolClient } from 'pg';
import { RtnError } from '../error.js';
import { parseLocation, servedLocation } from '../pipeline/location.js';
import { connectPostgres } from '../postgres/connect.js';
import { copyRow } from '../postgres/copy-text.js';
import { postgresError } from '../postgres/errors.js';
import { type LogTarget, parseLogTarget } from '../postgres/log-target.js';
import { LogPartitions } from './postgres-partitions.js';
import { COLUMN_LIST, makeLogTable } from './postgres-table.js';
import { replaying } from './replay-ledger.js';
import type { SpillHeader } from './spill.js';
import { spillLines } from './spill-lines.js';

export interface ReplayOptions {
  /** Location of the log; undefined for the one that the file names. */
  readonly log?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Replayed {
  /** The log's location. */
  readonly log: string;
  /** Rows that this replay has written. */
  readonly written: number;
  /** Rows that stood in the log already, or had stood there before they were moved away. */
  readonly stood: number;
  /** Lines that are no rows, with their numbers from 1. They are in the file alone. */
  readonly broken: readonly { readonly number: number; readonly problem: string }[];
}

/** The same row twice is the same message of the same run: at one position there is one. */
const SAME_ROW = 'l.run_id = s.run_id and l.position = s.position and l.message_id = s.message_id';

/**
 * Writes the rows of a spill file to the log, those that are not in it yet, in one transaction: however often it is
 * started, and wherever it is killed, each row stands in the log once. While it looks for them nobody else writes to the
 * log's table, neither another replay nor a runner whose COMMIT is still under way; that lasts one pass over the table.
 * The ledger is told with them: a row that it knows to be durable is not written again, though it was moved away since,
 * and the run's next start neither sends nor writes any of them.
 */
export async function replaySpill(file: string, options: ReplayOptions): Promise<Replayed> {
  const log = options.log ?? (await headerOf(file))?.log;
  if (log === undefined)
    throw new RtnError('usage', `${file} does not say which log its rows belong to`, {
      next: `rtn log replay ${file} --log pg:TABLE`,
    });
  const target = parseLogTarget(servedLocation({ name: 'log', location: parseLocation(log) }, ['pg']).target);
  const pool = await connectPostgres(options.environment, 'rtn log replay');
  try {
    await makeLogTable(pool, target);
    const client = await pool.connect();
    try {
      return { log, ...(await replay(client, pool, target, file)) };
    } catch (thrown) {
      throw postgresError(`${file} could not be written to ${target.table.text}`, thrown);
    } finally {
      client.release(true);
    }
  } finally {
    await pool.end();
  }
}

async function headerOf(file: string): Promise<SpillHeader | undefined> {
  for await (const line of spillLines(file)) return line.kind === 'header' ? line.header : undefined;
  return undefined;
}

async function replay(
  client: PoolClient,
  pool: Pool,
  target: LogTarget,
  file: string,
): Promise<Omit<Replayed, 'log'>> {
  const { table } = target;
  const { from } = await import('pg-copy-streams');
  const broken: { number: number; problem: string }[] = [];
  await client.query('begin');
  await client.query(
    `create temporary table rtn_spilled on commit drop as select ${COLUMN_LIST} from ${table.sql} with no data`,
  );
  await pipeline(
    Readable.from(copyRows(file, broken)),
    client.query(from(`copy rtn_spilled (${COLUMN_LIST}) from stdin`)),
  );
  const { rows: times } = await client.query<{ finished_at: Date }>(
    "select distinct date_trunc('day', finished_at, 'UTC') as finished_at from rtn_spilled",
  );
  await new LogPartitions(target).cover(
    pool,
    times.map(({ finished_at }) => finished_at.getTime()),
  );
  await client.query(`lock table ${table.sql} in share row exclusive mode`);
  const { rows } = await client.query<{ count: string }>('select count(*) from rtn_spilled');
  const ledger = await replaying(client);
  for (const [runId, positions] of ledger.done)
    await client.query('delete from rtn_spilled where run_id = $1 and position = any($2::bigint[])', [
      runId,
      positions,
    ]);
  const { rowCount } = await client.query(
    `insert into ${table.sql} (${COLUMN_LIST})
     select distinct on (run_id, position, message_id) ${COLUMN_LIST} from rtn_spilled s
     where not exists (select from ${table.sql} l where ${SAME_ROW})`,
  );
  await ledger.settle(client);
  await client.query('commit');
  const written = rowCount ?? 0;
  return { written, stood: Number(rows[0]?.count) - written, broken };
}

async function* copyRows(
  file: string,
  broken: { number: number; problem: string }[],
): AsyncGenerator<string> {
  for await (const line of spillLines(file)) {
    if (line.kind === 'row') yield copyRow(line.values);
    else if (line.kind === 'broken') broken.push({ number: line.number, problem: line.problem });
  }
}
