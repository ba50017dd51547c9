import type { Pool } from 'pg';
import { postgresError } from '../postgres/errors.js';
import type { TableName } from '../postgres/identifier.js';
import { locked } from '../postgres/migrations.js';
import { LOG_COLUMNS } from './columns.js';

/** The log's columns as SQL lists them. */
export const COLUMN_LIST = LOG_COLUMNS.map(({ name }) => name).join(', ');

/** Makes the table of a send log when it is missing. Throws `configuration` where a table of that name is no send log. */
export async function makeLogTable(pool: Pool, table: TableName): Promise<void> {
  const what = `the log table ${table.text} could not be made`;
  const columns = LOG_COLUMNS.map(
    ({ name, type, isRequired }) => `${name} ${type}${isRequired ? ' not null' : ''}`,
  );
  await locked(pool, what, async (client) => {
    const { rows } = await client.query('select to_regclass($1) is not null as exists', [table.sql]);
    if (rows[0]?.exists !== true) {
      await client.query(
        `create table ${table.sql} (${columns.join(', ')}, xid xid8 not null default pg_current_xact_id())`,
      );
      await client.query(`create index on ${table.sql} using brin ((xid::text::bigint))`);
    }
  });
  try {
    await pool.query(`select ${COLUMN_LIST}, xid from ${table.sql} limit 0`);
  } catch (thrown) {
    throw postgresError(`the table ${table.text} exists but is no send log`, thrown);
  }
}
