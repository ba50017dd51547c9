import type { Pool, PoolClient } from 'pg';
import { foreignCode, RtnError } from '../error.js';
import { parseCopyRow } from '../postgres/copy-text.js';
import { copyTo } from '../postgres/copy-to.js';
import { deletePages } from '../postgres/delete-pages.js';
import { postgresError } from '../postgres/errors.js';
import type { TableName } from '../postgres/identifier.js';
import { LOG_COLUMNS } from './columns.js';
import { columnValue, type LogRow } from './log-rows.js';
import type { LogErrors, RowFilter } from './run-store.js';

const NO_SUCH_TABLE = '42P01';
const TOOK_TOO_LONG = '57014';

/** A log has no index by run, so its summary is a pass over the table: nobody waits longer for it than this. */
const SUMMARY_MS = 20_000;

/** Pages of a table that one transaction deletes from: 16 MiB, some 50,000 rows. */
const PAGES_A_PIECE = 2_000;

/** Of each partition at least so many, however many partitions there are. */
const LEAST_PAGES = 50;

/** Kinds of errors that are told, and message ids for each. */
const MOST_GROUPS = 10;
const MOST_IDS = 3;

/** The log's columns as text, times as ISO 8601 in UTC whatever the session's zone is. */
const TEXT_LIST = LOG_COLUMNS.map(({ name, type }) =>
  type === 'timestamptz'
    ? `to_char(${name} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${name}`
    : name,
).join(', ');

/** What tells that a table is not there; undefined for any other error. */
export function noSuchTable(thrown: unknown, table: string): RtnError | undefined {
  if (foreignCode(thrown) !== NO_SUCH_TABLE) return undefined;
  return new RtnError('configuration', `the database of DATABASE_URL has no table ${table}`, {
    details: { noSuchTable: true },
    next: 'check DATABASE_URL, and the location of the log: --log pg:TABLE, yt:PATH or file:FOLDER',
  });
}

/** Nobody said which table has the rows. */
export function noLog(runId: string | undefined): RtnError {
  const what =
    runId === undefined ? 'no log is named' : 'the ledger does not say where the rows of the run are';
  return new RtnError('usage', `${what}: a database may have many logs`, { next: 'add --log pg:TABLE' });
}

/** The rows by COPY, parsed as they come: no more of them are read than are taken. */
export async function* exportRows(
  pool: Pool,
  table: TableName,
  filter: RowFilter,
): AsyncGenerator<readonly LogRow[]> {
  const client = await pool.connect();
  let isDone = false;
  try {
    const where = literalWhere(client, filter);
    const query = `select ${TEXT_LIST} from ${table.sql} where ${where}`;
    const source = await copyTo(client, `copy (${query}) to stdout`);
    source.setEncoding('utf8');
    let rest = '';
    for await (const chunk of source as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (lines.length > 0) yield lines.map(rowOf);
    }
    isDone = true;
  } catch (thrown) {
    throw noSuchTable(thrown, table.text) ?? postgresError(`${table.text} could not be read`, thrown);
  } finally {
    client.release(!isDone);
  }
}

function rowOf(line: string): LogRow {
  const values = parseCopyRow(line);
  return LOG_COLUMNS.map((column, index) => columnValue(column, values[index]));
}

export async function countRows(pool: Pool, table: TableName, filter: RowFilter): Promise<number> {
  const { sql, values } = where(filter);
  try {
    const { rows } = await pool.query<{ count: string }>(
      `select count(*) from ${table.sql} where ${sql}`,
      values,
    );
    return Number(rows[0]?.count ?? 0);
  } catch (thrown) {
    throw noSuchTable(thrown, table.text) ?? postgresError(`${table.text} could not be read`, thrown);
  }
}

/** Deletes in transactions that are short, while runners go on writing. */
export async function deleteRows(
  pool: Pool,
  table: TableName,
  filter: RowFilter,
  progress: (deleted: number) => void,
): Promise<number> {
  const { sql, values } = where(filter, 2);
  let deleted = 0;
  try {
    const pieces = { where: sql, values, pages: PAGES_A_PIECE, leastPages: LEAST_PAGES };
    for await (const count of deletePages(pool, table, pieces)) {
      deleted += count;
      progress(deleted);
    }
    return deleted;
  } catch (thrown) {
    const error = noSuchTable(thrown, table.text);
    throw error ?? postgresError(`rows of ${table.text} could not be deleted, ${deleted} were`, thrown);
  }
}

/** What went wrong in a run, as far as the log still has its rows. */
export async function errorGroups(pool: Pool, table: TableName, runId: string): Promise<LogErrors> {
  const client = await pool.connect();
  try {
    await client.query('begin read only');
    await client.query(`set local statement_timeout = ${SUMMARY_MS}`);
    const { rows } = await client.query<GroupRow>(
      `select outcome, error_code, count(*), min(error_text) as error_text,
              (array_agg(message_id order by position) filter (where outcome <> 'sent'))[1:${MOST_IDS}] as ids
         from ${table.sql} where run_id = $1 group by outcome, error_code order by count(*) desc`,
      [runId],
    );
    await client.query('commit');
    client.release();
    return {
      rows: rows.reduce((sum, { count }) => sum + Number(count), 0),
      problem: null,
      groups: groupsOf(rows),
    };
  } catch (thrown) {
    client.release(true);
    return { rows: null, problem: problemOf(thrown, table), groups: [] };
  }
}

interface GroupRow {
  readonly outcome: string;
  readonly error_code: string | null;
  readonly count: string;
  readonly error_text: string | null;
  readonly ids: string[] | null;
}

function groupsOf(rows: readonly GroupRow[]): LogErrors['groups'] {
  return rows
    .filter(({ outcome }) => outcome !== 'sent')
    .slice(0, MOST_GROUPS)
    .map(({ outcome, error_code: errorCode, count, error_text: errorText, ids }) => ({
      outcome,
      errorCode,
      count: Number(count),
      errorText,
      messageIds: ids ?? [],
    }));
}

function problemOf(thrown: unknown, table: TableName): string {
  if (foreignCode(thrown) === TOOK_TOO_LONG)
    return `${table.text} is too large to be summed up within ${SUMMARY_MS / 1_000} s`;
  const error = noSuchTable(thrown, table.text) ?? postgresError(`${table.text} could not be read`, thrown);
  return error.message;
}

/** A filter as SQL with parameters, the first of which has the number behind `taken`. */
function where(filter: RowFilter, taken = 0): { readonly sql: string; readonly values: unknown[] } {
  const conditions = conditionsOf(filter);
  const sql = conditions.map(([condition], index) => condition(`$${taken + index + 1}`));
  return { sql: ['true', ...sql].join(' and '), values: conditions.map(([, value]) => value) };
}

/** The same with its values in it, quoted: COPY takes no parameters. */
function literalWhere(client: PoolClient, filter: RowFilter): string {
  const quoted = (value: Condition[1]) =>
    typeof value === 'string'
      ? client.escapeLiteral(value)
      : `array[${value.map((text) => client.escapeLiteral(text)).join(', ')}]::text[]`;
  const sql = conditionsOf(filter).map(([condition, value]) => condition(quoted(value)));
  return ['true', ...sql].join(' and ');
}

type Condition = readonly [sql: (value: string) => string, value: string | readonly string[]];

function conditionsOf({ runId, recipients, sinceMs, beforeMs }: RowFilter): readonly Condition[] {
  const conditions: Condition[] = [];
  if (runId !== undefined) conditions.push([(value) => `run_id = ${value}`, runId]);
  if (recipients !== undefined) conditions.push([(value) => `recipient = any(${value})`, recipients]);
  const time = (ms: number) => new Date(ms).toISOString();
  if (sinceMs !== undefined)
    conditions.push([(value) => `finished_at >= ${value}::timestamptz`, time(sinceMs)]);
  if (beforeMs !== undefined)
    conditions.push([(value) => `finished_at < ${value}::timestamptz`, time(beforeMs)]);
  return conditions;
}
