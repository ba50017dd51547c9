import pg from 'pg';
import { loadClaims } from '../../../src/loggers/postgres-runs.js';
import { Claims } from '../../../src/pipeline/claims.js';
import { inputFile, type Store } from './store.js';

/** Log and ledger in Postgres; each run has a log table of its own in the database. Runners may be given another way to it. */
export function postgresStore(url: string, runnerUrl = url): Store {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  pool.on('error', () => {});
  return {
    name: 'pg',
    close: () => pool.end(),
    async place(name, rows, folder) {
      const input = inputFile(rows, folder);
      return {
        input,
        log: `pg:${name}_log`,
        environment: { DATABASE_URL: runnerUrl },
        settled: () => noBackends(pool),
        async doubts() {
          const runId = await runOf(pool, input);
          return runId === undefined ? [] : [...new Claims(await loadClaims(pool, runId, 0)).openPositions()];
        },
        async logged() {
          const { rows: found } = await pool.query(
            `select position::int, message_id as "messageId", outcome, error_code as "errorCode" from ${name}_log`,
          );
          return found;
        },
      };
    },
  };
}

/** A start that was killed early has left no run, or not even the tables. */
async function runOf(pool: pg.Pool, input: string): Promise<string | undefined> {
  const { rows } = await pool.query("select to_regclass('rtn.runs') is not null as exists");
  if (!rows[0]?.exists) return undefined;
  const found = await pool.query("select run_id from rtn.runs where plan->>'input' = $1", [input]);
  return found.rows[0]?.run_id;
}

/** A backend goes on with the statement that it has got, also when its client is dead. */
async function noBackends(pool: pg.Pool): Promise<void> {
  for (;;) {
    const { rows } = await pool.query(
      `select count(*)::int, pg_sleep(0.005) from pg_stat_activity
       where datname = current_database() and application_name like 'rtn killed %'`,
    );
    if (rows[0]?.count === 0) return;
  }
}
