import type { Pool } from 'pg';
import type { StoredClaims } from '../pipeline/claims.js';
import type { RunControl, RunRecord } from '../pipeline/ledger.js';
import { parseLocation } from '../pipeline/location.js';
import { connectPostgres } from '../postgres/connect.js';
import { postgresError } from '../postgres/errors.js';
import { parseTableName, type TableName } from '../postgres/identifier.js';
import type { LogRow } from './log-rows.js';
import { countRows, deleteRows, errorGroups, exportRows, noLog, noSuchTable } from './postgres-rows.js';
import {
  loadClaims,
  RUN_COLUMNS,
  type RunRow,
  runRecord,
  type StartRow,
  startRecord,
} from './postgres-runs.js';
import type {
  DeletedRows,
  Environment,
  KnownRun,
  LogErrors,
  RowFilter,
  RunFilter,
  RunStore,
  UnsentClass,
} from './run-store.js';

/** Opens the ledger of DATABASE_URL and, where one is named, a log of it: else each run says where its rows are. */
export async function openPostgresRuns(
  table: string | undefined,
  environment: Environment,
): Promise<RunStore> {
  const name = table === undefined ? undefined : tableOf(table);
  return new PostgresRuns(
    await connectPostgres(environment, 'rtn runs', 'the runs are kept in Postgres'),
    name,
  );
}

/** The table of a location, without what it may say of partitions. */
function tableOf(target: string): TableName {
  return parseTableName(target.replace(/\?.*$/s, ''));
}

/** The schema `rtn` of a database, and the tables of its logs. It makes nothing: a reader's rights are enough to look. */
class PostgresRuns implements RunStore {
  readonly #pool: Pool;
  readonly #table: TableName | undefined;

  constructor(pool: Pool, table: TableName | undefined) {
    this.#pool = pool;
    this.#table = table;
  }

  get address(): string {
    const what = this.#table === undefined ? '' : ` and the table ${this.#table.text}`;
    return `the ledger rtn.runs${what} of DATABASE_URL`;
  }

  /** With a log, only its runs. */
  async list({ operation, state, sinceMs, limit }: RunFilter): Promise<KnownRun[]> {
    const rows = await this.#query<RunRow>(
      'the runs could not be read',
      `select ${RUN_COLUMNS} from rtn.runs
       where ($1::text is null or operation = $1) and ($2::text is null or state = $2)
         and ($3::timestamptz is null or started_at >= $3) and ($4::text is null or split_part(plan->>'log', '?', 1) = $4)
       order by started_at desc, run_id limit $5`,
      [
        operation ?? null,
        state ?? null,
        sinceMs === undefined ? null : new Date(sinceMs),
        this.#table === undefined ? null : `pg:${this.#table.text}`,
        limit,
      ],
    );
    return this.#withStarts(rows);
  }

  async find(runId: string): Promise<KnownRun | undefined> {
    const rows = await this.#query<RunRow>(
      'the run could not be read',
      `select ${RUN_COLUMNS} from rtn.runs where run_id = $1`,
      [runId],
    );
    return (await this.#withStarts(rows))[0];
  }

  claims(runId: string, shard: number): Promise<StoredClaims> {
    return loadClaims(this.#pool, runId, shard);
  }

  async unsent({ runId }: RunRecord): Promise<UnsentClass[]> {
    const rows = await this.#query<{ reason: string; count: string; positions: string[] }>(
      'what was not sent could not be read',
      `select reason, count(*), (array_agg(position order by position))[1:5] as positions
       from rtn.unsent where run_id = $1 group by reason order by count(*) desc, reason`,
      [runId],
    );
    return rows.map(({ reason, count, positions }) => ({
      reason,
      count: Number(count),
      positions: positions.map(Number),
    }));
  }

  async errors(run: RunRecord): Promise<LogErrors> {
    const table = this.#tableOf(run);
    if (table === undefined) return { rows: null, problem: noLog(run.runId).message, groups: [] };
    return errorGroups(this.#pool, table, run.runId);
  }

  async setControl(runId: string, { isStopped, isPaused, rate }: Partial<RunControl>): Promise<void> {
    await this.#query(
      'the run could not be told',
      `update rtn.runs set is_stopped = coalesce($2, is_stopped), is_paused = coalesce($3, is_paused),
         rate = case when $4 then $5 else rate end
       where run_id = $1`,
      [runId, isStopped ?? null, isPaused ?? null, rate !== undefined, rate ?? null],
    );
  }

  async remove(runId: string): Promise<void> {
    await this.#query('the run could not be removed', 'delete from rtn.runs where run_id = $1', [runId]);
  }

  async *rows(filter: RowFilter): AsyncGenerator<readonly LogRow[]> {
    yield* exportRows(this.#pool, await this.#tableFor(filter), filter);
  }

  async countRows(filter: RowFilter): Promise<number> {
    return countRows(this.#pool, await this.#tableFor(filter), filter);
  }

  async deleteRows(filter: RowFilter, progress: (deleted: number) => void): Promise<DeletedRows> {
    const deleted = await deleteRows(this.#pool, await this.#tableFor(filter), filter, progress);
    return { deleted, kept: 0 };
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #withStarts(rows: readonly RunRow[]): Promise<KnownRun[]> {
    if (rows.length === 0) return [];
    const starts = await this.#query<StartRow>(
      'the starts of the runs could not be read',
      `select * from rtn.starts where run_id = any($1) order by started_at, shard, token`,
      [rows.map(({ run_id }) => run_id)],
    );
    return rows.map((row) => ({
      record: runRecord(row),
      starts: starts.filter(({ run_id }) => run_id === row.run_id).map(startRecord),
    }));
  }

  /** The log that was asked for, else the one that the run has written to. */
  #tableOf({ plan }: RunRecord): TableName | undefined {
    if (this.#table !== undefined) return this.#table;
    const { scheme, target } = parseLocation(plan.log ?? '');
    return scheme === 'pg' ? tableOf(target) : undefined;
  }

  async #tableFor({ runId }: RowFilter): Promise<TableName> {
    if (this.#table !== undefined) return this.#table;
    const run = runId === undefined ? undefined : await this.find(runId);
    const table = run && this.#tableOf(run.record);
    if (table === undefined) throw noLog(runId);
    return table;
  }

  async #query<T>(what: string, sql: string, values: unknown[]): Promise<T[]> {
    try {
      const { rows } = await this.#pool.query(sql, values);
      return rows;
    } catch (thrown) {
      throw noSuchTable(thrown, 'rtn.runs') ?? postgresError(what, thrown);
    }
  }
}
