import type pg from 'pg';
import { PostgresLog } from '../../src/loggers/postgres-log.js';
import { testRun } from '../setup/run.js';
import type { OwnPostgres } from './cluster.js';
import { EXPECTED } from './move.js';

type Queryable = Pick<OwnPostgres, 'query'> | pg.ClientBase;

/** An empty send log, as the runners make it; its name without what says how it is partitioned. */
export async function makeLog(postgres: OwnPostgres, target: string): Promise<string> {
  const log = new PostgresLog(target);
  await log.open(testRun({ environment: { DATABASE_URL: postgres.url } }));
  await log.close();
  return target.replace(/\?.*/, '');
}

export interface Written {
  /** First position. */
  readonly from: number;
  readonly count: number;
  /** When the first one ended; each next one a millisecond later. */
  readonly at?: string;
  readonly runId?: string;
}

/** Texts that a careless copy would break. */
const HARD = ['plain', 'a "quoted"\tword\\', 'line\nline\r\u000b\u0001\u007f', '$5 ü 😀 \\N', '\\N', ''];

/** Writes rows in one statement: in one transaction where the session has none open. */
export async function writeRows(
  to: Queryable,
  table: string,
  { from, count, at = '2026-01-01T10:00:00Z', runId = 'night' }: Written,
): Promise<void> {
  const sql = `insert into ${table} (run_id, operation, version, digest, message_id, position, outcome, recipient, channel,
      attempts, http_status, provider_id, error_code, error_text, suppress, started_at, finished_at)
    select $4, 'driver_push', '1.4.10', repeat('d', 64), 'm' || i, i, case when i % 3 = 0 then 'failed' else 'sent' end,
           ($5::text[])[1 + i % 6], 'http', 1 + i % 4, case when i % 5 = 0 then null else 200 end, null, null,
           case when i % 3 = 0 then ($5::text[])[1 + i / 3 % 6] end, i % 2 = 0,
           $3::timestamptz - interval '7 microseconds', $3::timestamptz + (i - $1) * interval '1 ms' + interval '3 microseconds'
      from generate_series($1::bigint, $1::bigint + $2::bigint - 1) i`;
  await to.query(sql, [from, count, at, runId, HARD]);
}

/** The rows that a table has, as the folder should have them. */
export async function expectedRows(from: Queryable, table: string): Promise<Record<string, unknown>[]> {
  const result = await from.query(`${EXPECTED} from ${table} l`);
  const rows = Array.isArray(result) ? result : result.rows;
  return rows.map(({ row }) => row as Record<string, unknown>);
}

/** In an order of their own, as texts. */
export function sorted(rows: readonly Record<string, unknown>[]): string[] {
  return rows.map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();
}
