import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import type { Pool, PoolClient } from 'pg';
import { RtnError } from '../error.js';
import { postgresError } from './errors.js';
import { locked } from './migrations.js';
import { type FileQuery, queryError } from './query-error.js';

/** A column of a query's result. */
export interface QueryColumn {
  readonly name: string;
  /** As SQL writes it: `numeric(10,2)`, `text[]`. */
  readonly type: string;
  /** The category of pg_type: N numbers, B boolean, A arrays, C rows, S text, D times, U others. */
  readonly category: string;
}

/** The result of a query as a table of the run. */
export interface QueryCopy {
  /** Its name as it may stand in SQL. */
  readonly table: string;
  readonly columns: readonly QueryColumn[];
  readonly rowCount: number;
}

export interface QueryCopyOptions {
  readonly query: FileQuery;
  /** What the copy is for: the same words give the same table. */
  readonly owner: string;
  readonly nowMs: number;
  /** Called before anything is copied; throws when the columns do not fit. */
  check(columns: readonly QueryColumn[]): void;
}

/** Counts the rows from 0 in the order in which the query gave them. */
export const ROW_NUMBER = '"#row"';

/** Copies stay so long for a run to be started again; the next start that reads a query removes older ones. */
const KEPT_MS = 7 * 24 * 3_600_000;

const DESCRIBE_PREFIX = 'select * from (\n';
const COPY_PREFIX = 'copy (\n';

/** What the comment of a copy holds. It is there once the copy is whole. */
interface CopyNote {
  readonly owner: string;
  readonly query: string;
  readonly rows: number;
  readonly at: string;
}

/**
 * Runs a query once, in a read-only transaction, into the table `rtn.input_…` with a row number; where that table is
 * there already, the query is not run again. Throws `configuration` for a query that cannot be run, with its place, and
 * for another query than the one that was copied.
 */
export async function copyQuery(pool: Pool, options: QueryCopyOptions): Promise<QueryCopy> {
  const { owner } = options;
  const name = `input_${sha256(owner).slice(0, 24)}`;
  const table = `rtn.${name}`;
  const known = await noteOf(pool, table);
  if (known === undefined) {
    await makeSchema(pool);
    await dropOld(pool, options.nowMs);
    return copyOnce(pool, name, options);
  }
  return copied(pool, table, known, options);
}

/** Shards that start at once copy one after the other: the first does it, the others find it done. */
function copyOnce(pool: Pool, name: string, options: QueryCopyOptions): Promise<QueryCopy> {
  const table = `rtn.${name}`;
  return withClient(pool, 'the rows of the query could not be copied', async (guard) => {
    await guard.query('select pg_advisory_lock(hashtextextended($1, 0))', [name]);
    try {
      const known = await noteOf(pool, table);
      return await (known === undefined ? copy(pool, table, options) : copied(pool, table, known, options));
    } finally {
      await guard.query('select pg_advisory_unlock(hashtextextended($1, 0))', [name]);
    }
  });
}

/** The copy as it stands. */
function copied(pool: Pool, table: string, known: CopyNote, options: QueryCopyOptions): Promise<QueryCopy> {
  const { query } = options;
  if (known.query !== sha256(query.sql)) {
    throw new RtnError(
      'configuration',
      `the query ${query.path} has changed since the run began: its rows are in ${table}`,
      { next: 'start with another --run-id' },
    );
  }
  return withClient(pool, 'the copied rows could not be found', async (client) => {
    const columns = (await describe(client, `select * from ${table} limit 0`)).slice(1);
    options.check(columns);
    return { table, columns, rowCount: known.rows };
  });
}

async function copy(
  pool: Pool,
  table: string,
  { query, owner, nowMs, check }: QueryCopyOptions,
): Promise<QueryCopy> {
  const what = 'the rows of the query could not be copied';
  return withClient(pool, what, async (reader) => {
    await reader.query('begin isolation level repeatable read read only');
    const columns = await judge(reader, query);
    check(columns);
    const rowCount = await withClient(pool, what, async (writer) => {
      await writer.query('begin');
      const definitions = columns.map(({ name, type }) => `${quoted(name)} ${type}`);
      await writer.query(
        `create table ${table} (${[`${ROW_NUMBER} bigint generated always as identity (minvalue 0 start 0)`, ...definitions].join(', ')})`,
      );
      const rows = await stream(reader, writer, table, columns, query);
      await writer.query(`alter table ${table} add primary key (${ROW_NUMBER})`);
      const note: CopyNote = { owner, query: sha256(query.sql), rows, at: new Date(nowMs).toISOString() };
      await writer.query(`comment on table ${table} is ${writer.escapeLiteral(JSON.stringify(note))}`);
      await writer.query(`analyze ${table}`);
      await writer.query('commit');
      return rows;
    });
    await reader.query('commit');
    return { table, columns, rowCount };
  });
}

/**
 * Lets the server judge the query before it is run. A named statement goes by the extended protocol, which takes one
 * statement only: after this the query can stand in parentheses, and nothing can stand behind it.
 */
async function judge(client: PoolClient, query: FileQuery): Promise<QueryColumn[]> {
  let columns: QueryColumn[];
  try {
    columns = await describe(client, `${DESCRIBE_PREFIX}${query.sql}\n) as input limit 0`);
  } catch (thrown) {
    throw queryError(query, DESCRIBE_PREFIX, thrown);
  }
  const names = columns.map(({ name }) => name);
  const double = names.find((name, index) => names.indexOf(name) < index);
  if (double === undefined) return columns;
  throw new RtnError('configuration', `the query ${query.path} gives the column ${double} twice`, {
    next: 'name one of them otherwise, with AS',
  });
}

async function describe(client: PoolClient, text: string): Promise<QueryColumn[]> {
  const { fields } = await client.query({ name: 'rtn_describe', text });
  const { rows } = await client.query<{ type: string; category: string }>(
    `select format_type(asked.oid, asked.modifier) as type,
            case when typname in ('json', 'jsonb') then 'U' else typcategory end as category
       from unnest($1::oid[], $2::int[]) with ordinality as asked(oid, modifier, number)
       join pg_type on pg_type.oid = asked.oid
      order by number`,
    [fields.map(({ dataTypeID }) => dataTypeID), fields.map(({ dataTypeModifier }) => dataTypeModifier)],
  );
  await client.query('deallocate rtn_describe');
  return rows.map(({ type, category }, index) => ({ name: fields[index]?.name ?? '', type, category }));
}

async function stream(
  reader: PoolClient,
  writer: PoolClient,
  table: string,
  columns: readonly QueryColumn[],
  query: FileQuery,
): Promise<number> {
  const { from, to } = await import('pg-copy-streams');
  const source = reader.query(to(`${COPY_PREFIX}${query.sql}\n) to stdout`));
  const list = columns.map(({ name }) => quoted(name)).join(', ');
  const target = writer.query(from(`copy ${table} (${list}) from stdin`));
  let failure: unknown;
  source.once('error', (error) => {
    failure = error;
  });
  try {
    await pipeline(source, target);
  } catch (thrown) {
    throw failure === undefined ? thrown : queryError(query, COPY_PREFIX, failure);
  }
  return target.rowCount;
}

async function noteOf(pool: Pool, table: string): Promise<CopyNote | undefined> {
  const { rows } = await pool
    .query<{ note: string | null }>("select obj_description(to_regclass($1), 'pg_class') as note", [table])
    .catch((thrown: unknown) => {
      throw postgresError('the copied rows could not be found', thrown);
    });
  const note = rows[0]?.note;
  return typeof note === 'string' ? JSON.parse(note) : undefined;
}

async function makeSchema(pool: Pool): Promise<void> {
  await locked(pool, 'the schema rtn, for the rows of the query, could not be made', async (client) => {
    const { rows } = await client.query("select to_regnamespace('rtn') is not null as exists");
    if (rows[0]?.exists !== true) await client.query('create schema rtn');
  });
}

/** Removes copies whose time is over; one that is in use or another's stays. */
async function dropOld(pool: Pool, nowMs: number): Promise<void> {
  const { rows } = await pool.query<{ name: string; note: string }>(
    `select relname as name, obj_description(oid, 'pg_class') as note from pg_class
      where relnamespace = 'rtn'::regnamespace and relkind = 'r' and relname ~ '^input_[0-9a-f]{24}$'
        and obj_description(oid, 'pg_class') is not null`,
  );
  for (const { name, note } of rows) {
    if (nowMs - Date.parse((JSON.parse(note) as CopyNote).at) <= KEPT_MS) continue;
    await withClient(pool, 'an old copy could not be removed', async (client) => {
      await client.query('begin');
      await client.query("set local lock_timeout = '200ms'");
      await client.query(`drop table rtn.${name}`);
      await client.query('commit');
    }).catch(() => {});
  }
}

/** Lends a connection; one on which something failed is closed, and its transaction undone with it. */
async function withClient<Result>(
  pool: Pool,
  what: string,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect().catch((thrown: unknown) => {
    throw postgresError(what, thrown);
  });
  const ignore = () => {};
  client.on('error', ignore);
  let isBroken = true;
  try {
    const result = await work(client);
    isBroken = false;
    return result;
  } catch (thrown) {
    throw postgresError(what, thrown);
  } finally {
    if (!isBroken) client.off('error', ignore);
    client.release(isBroken);
  }
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
