import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { loadClaims } from '../../src/loggers/postgres-ledger.js';
import { Claims } from '../../src/pipeline/claims.js';
import type { InputRow } from './rows.js';

/** A row of the log, as far as the laws go. */
export interface LoggedRow {
  readonly position: number;
  readonly messageId: string;
  readonly outcome: string;
  readonly errorCode: string | null;
}

/** Where one run has its input, its log and its ledger. */
export interface RunPlace {
  /** Locations, as the command line takes them. */
  readonly input: string;
  readonly log: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Resolves when nothing that a dead runner has begun is under way in the store. */
  settled(): Promise<void>;
  /** Positions that are claimed and not done. */
  doubts(): Promise<number[]>;
  logged(): Promise<LoggedRow[]>;
}

/** A store in which runs can be given a place each. */
export interface Store {
  readonly name: string;
  place(name: string, rows: readonly InputRow[], folder: string): Promise<RunPlace>;
  close(): Promise<void>;
}

/** Writes the input as a file of JSON lines; gives its location. */
export function inputFile(rows: readonly InputRow[], folder: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'rows.ndjson');
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return `file:${path}`;
}

/** Log and ledger in Postgres; each run has a log table of its own in the database. */
export function postgresStore(url: string): Store {
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
        environment: { DATABASE_URL: url },
        settled: () => noBackends(pool),
        async doubts() {
          const { rows: runs } = await pool.query(
            "select run_id from rtn.runs where plan->>'input' = $1 order by started_at desc limit 1",
            [input],
          );
          const runId = runs[0]?.run_id;
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
