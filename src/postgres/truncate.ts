import type { Pool, PoolClient } from 'pg';
import { foreignCode } from '../error.js';
import type { TableName } from './identifier.js';

/** Which rows have to stay, as SQL whose parameters begin at $1. */
export interface Standing {
  readonly where: string;
  readonly values: readonly unknown[];
}

/** Up to 1 MiB rows are as well deleted: to empty a table makes it a new file. */
const LEAST_PAGES = 128;

/** Writers wait while the emptied table is looked through once more, no longer than this. */
const MOST_WAIT_MS = 1_000;

/** The lock is not free, or a right was taken away, or the look took too long. */
const NOT_NOW = ['55P03', '42501', '57014'];

/**
 * The tables that hold the rows (the table itself, or its partitions), large enough, that this role may empty. Not those
 * with triggers or foreign keys, which rows that are deleted would set off.
 */
const LEAVES = `
  select c.oid::regclass::text as name
    from (select $1::regclass as oid union select relid from pg_partition_tree($1::regclass) where isleaf) leaf
    join pg_class c on c.oid = leaf.oid and c.relkind = 'r'
   where not c.relhastriggers and has_table_privilege(c.oid, 'truncate')
     and pg_relation_size(c.oid) >= $2 * current_setting('block_size')::bigint
   order by c.oid`;

/** Whether the whole table could be emptied now but for the rows below. */
export async function isTruncatable(pool: Pool, table: TableName, standing: Standing): Promise<boolean> {
  return (await leavesOf(pool, table)).length > 0 && !(await hasStanding(pool, table.sql, standing));
}

/**
 * Empties each table that holds nothing but what may go, in one short transaction, instead of deleting row by row: its
 * file is given back at once and there is nothing to vacuum. Nobody waits for it: where anyone has the table in use it is
 * left as it is. Under the lock no writer is under way, so what is seen then is all that there is. Yields how many rows
 * each has lost.
 */
export async function* truncateMoved(
  pool: Pool,
  table: TableName,
  standing: Standing,
): AsyncGenerator<number> {
  for (const leaf of await leavesOf(pool, table)) {
    // Neither of the two holds anyone up, and the lock is only asked for where they promise something.
    if (await hasStanding(pool, leaf, standing)) continue;
    const { rows } = await pool.query<{ count: string }>(`select count(*) from only ${leaf}`);
    if (await truncate(pool, leaf, standing)) yield Number(rows[0]?.count ?? 0);
  }
}

async function truncate(pool: Pool, leaf: string, standing: Standing): Promise<boolean> {
  const client = await pool.connect();
  let isDone = false;
  try {
    await client.query('begin');
    try {
      await client.query(
        `set local statement_timeout = ${MOST_WAIT_MS}; lock table only ${leaf} in access exclusive mode nowait`,
      );
      const isEmptied = !(await hasStanding(client, leaf, standing));
      if (isEmptied) await client.query(`truncate table only ${leaf}`);
      await client.query(isEmptied ? 'commit' : 'rollback');
      isDone = true;
      return isEmptied;
    } catch (thrown) {
      await client.query('rollback');
      isDone = true;
      if (NOT_NOW.includes(foreignCode(thrown) ?? '')) return false;
      throw thrown;
    }
  } finally {
    client.release(!isDone);
  }
}

async function leavesOf(pool: Pool, table: TableName): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(LEAVES, [table.sql, LEAST_PAGES]);
  return rows.map(({ name }) => name);
}

async function hasStanding(
  on: Pool | PoolClient,
  table: string,
  { where, values }: Standing,
): Promise<boolean> {
  const { rows } = await on.query<{ stands: boolean }>(
    `select exists(select from ${table} where ${where}) as stands`,
    [...values],
  );
  return rows[0]?.stands !== false;
}
