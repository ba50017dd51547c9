import type { Pool, PoolClient } from 'pg';
import { RtnError } from '../error.js';
import { requireGrants } from '../postgres/grants.js';
import type { LogTarget } from '../postgres/log-target.js';
import { locked } from '../postgres/migrations.js';
import { LOG_COLUMNS } from './columns.js';

/** The log's columns as SQL lists them. */
export const COLUMN_LIST = LOG_COLUMNS.map(({ name }) => name).join(', ');

/** Rows go to the partition of the time at which they ended. */
const PARTITION_KEY = 'RANGE (finished_at)';

interface KnownTable {
  /** The key of a partitioned table. */
  readonly key: string | null;
  readonly columns: readonly string[];
}

/**
 * Makes the table of a send log when it is missing; one that is there needs no right but INSERT. Throws `configuration`
 * where a table of that name is no send log, or is partitioned otherwise than asked, and `credentials` with the GRANT
 * that is missing.
 */
export async function makeLogTable(pool: Pool, target: LogTarget): Promise<void> {
  const what = `the log table ${target.table.text} could not be made`;
  await locked(pool, what, async (client) => {
    const known = await knownTable(client, target);
    if (known === undefined) await create(client, target, what);
    else await judge(client, target, known);
  });
}

async function knownTable(client: PoolClient, { table }: LogTarget): Promise<KnownTable | undefined> {
  const { schema } = table;
  if (schema !== undefined) await requireUsage(client, schema, table.text);
  const { rows } = await client.query<KnownTable>(
    `select pg_get_partkeydef(oid) as key,
            array(select attname::text from pg_attribute
                   where attrelid = pg_class.oid and attnum > 0 and not attisdropped) as columns
       from pg_class where oid = to_regclass($1)`,
    [table.sql],
  );
  return rows[0];
}

/** A schema that is missing is left to the statement that meets it. */
async function requireUsage(client: PoolClient, schema: string, table: string): Promise<void> {
  const { rows } = await client.query('select to_regnamespace($1) is not null as exists', [schema]);
  if (rows[0]?.exists !== true) return;
  const what = `the log table ${table} cannot be used`;
  await requireGrants(client, what, [{ on: 'schema', name: schema, privileges: ['usage'] }]);
}

async function create(client: PoolClient, { table, period }: LogTarget, what: string): Promise<void> {
  const { rows } = await client.query<{ name: string | null }>(
    'select coalesce($1, current_schema()) as name',
    [table.schema],
  );
  const name = rows[0]?.name;
  const { rows: schemas } = await client.query('select to_regnamespace($1) is not null as exists', [name]);
  if (typeof name === 'string' && schemas[0]?.exists === true)
    await requireGrants(client, what, [{ on: 'schema', name, privileges: ['create'] }]);
  const columns = LOG_COLUMNS.map(
    (column) => `${column.name} ${column.type}${column.isRequired ? ' not null' : ''}`,
  );
  await client.query(
    `create table ${table.sql} (${columns.join(', ')}, xid xid8 not null default pg_current_xact_id())
     ${period === undefined ? '' : `partition by ${PARTITION_KEY}`}`,
  );
  await client.query(`create index on ${table.sql} using brin ((xid::text::bigint))`);
}

async function judge(client: PoolClient, { table, period }: LogTarget, known: KnownTable): Promise<void> {
  const lacking = [...LOG_COLUMNS.map(({ name }) => name), 'xid'].filter(
    (name) => !known.columns.includes(name),
  );
  if (lacking.length > 0) {
    throw new RtnError(
      'configuration',
      `the table ${table.text} exists but is no send log: it has no ${lacking.join(', ')}`,
    );
  }
  if (period !== undefined && known.key !== PARTITION_KEY) {
    const is = known.key === null ? 'not partitioned' : `partitioned by ${known.key}`;
    throw new RtnError(
      'configuration',
      `the log table ${table.text} exists and is ${is}; partitions by ${period} are by ${PARTITION_KEY}`,
      {
        next: `give another table, or rename this one; one that is not partitioned is given as pg:${table.text}`,
      },
    );
  }
  if (period === undefined && known.key !== null) {
    throw new RtnError(
      'configuration',
      `the log table ${table.text} is partitioned by ${known.key}, and its location does not say how`,
      { next: `give it as pg:${table.text}?partition=day or pg:${table.text}?partition=month` },
    );
  }
  const what = `the log table ${table.text} cannot be written`;
  await requireGrants(client, what, [{ on: 'table', name: table.text, privileges: ['insert'] }]);
}
