import type { Pool } from 'pg';
import { RtnError } from '../error.js';
import { postgresError } from './errors.js';

/** The environment variable that says where Postgres is, for every component that uses it. */
export const DATABASE_URL = {
  name: 'DATABASE_URL',
  description: 'Where Postgres is: postgres://user:password@host:port/database.',
  isSecret: true,
  scheme: 'pg',
} as const;

/** So long one statement of ours may take; a connection on which nothing comes back would hold the run for ever. */
const QUERY_TIMEOUT_MS = 20_000;

/**
 * A pool on `DATABASE_URL`, proven by one connection. `applicationName` is what `pg_stat_activity` shows, `role` says
 * in messages what it is for. A statement is given up after `queryTimeoutMs` (0 for never), which `?query_timeout=` in
 * the address overrides. A connection that breaks while no statement is under way, in the pool or between two statements
 * of a transaction, is left to the next statement, which meets it too.
 */
export async function connectPostgres(
  environment: Readonly<Record<string, string | undefined>>,
  applicationName: string,
  role = 'the log goes to Postgres',
  queryTimeoutMs = QUERY_TIMEOUT_MS,
): Promise<Pool> {
  const url = environment[DATABASE_URL.name];
  if (url === undefined || url === '') {
    throw new RtnError('usage', `DATABASE_URL is not set, and ${role}`, {
      next: 'export DATABASE_URL=postgres://user:password@host:port/database',
    });
  }
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new RtnError(
      'usage',
      'DATABASE_URL is no address of Postgres: expected postgres://user:password@host:port/database',
    );
  }
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    connectionString: url,
    application_name: applicationName,
    max: 4,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    query_timeout: queryTimeoutMs,
  });
  pool.on('error', () => {});
  // Else one that is lent out ends the process when it breaks.
  pool.on('connect', (client) => client.on('error', () => {}));
  try {
    await pool.query('select 1');
  } catch (thrown) {
    await pool.end();
    throw postgresError('cannot connect to Postgres', thrown);
  }
  return pool;
}
