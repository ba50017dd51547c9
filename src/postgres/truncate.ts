import type { Pool, PoolClient } from 'pg';
import { foreignCode } from '../error.js';
import type { TableName } from './identifier.js';

/** Up to 1 MiB rows are as well deleted: to empty a table makes it a new file. */
const LEAST_PAGES = 128;

/** How long a look at a table takes at most, and with it how long writers wait for the one under the lock. */
const MOST_LOOK_MS = 1_000;

/** What is raised under the lock where rows have to stay. */
const STANDING = 'RT001';

/** Rows have to stay, the lock is not free, the look takes too long, a right is missing, or the partition is gone. */
const NOT_NOW = [STANDING, '55P03', '57014', '42501', '42P01'];

/** A table that holds rows, and whether this role may empty it as it may delete from it. */
interface Leaf {
  /** As SQL has it. */
  readonly name: string;
  readonly may: boolean;
}

/**
 * The tables of a log that are large enough: itself, or its partitions. None is emptied that has triggers, foreign keys
 * or rules, which rows that are deleted would set off, or row security, which hides rows that TRUNCATE takes all the same.
 */
const LEAVES = `
  select c.oid::regclass::text as name,
         not (c.relhastriggers or c.relhasrules or c.relrowsecurity or log.relhasrules or log.relrowsecurity)
           and has_table_privilege(c.oid, 'truncate') and has_table_privilege(c.oid, 'select')
           and strpos(c.oid::regclass::text, '$do$') = 0 as may
    from (select $1::regclass as oid union select relid from pg_partition_tree($1::regclass) where isleaf) leaf
    join pg_class c on c.oid = leaf.oid and c.relkind = 'r', pg_class log
   where log.oid = $1::regclass and pg_relation_size(c.oid) >= $2 * current_setting('block_size')::bigint
   order by c.oid`;

/**
 * Whether all of a table could be emptied now, were it not for the rows that may go. `standing` is the condition on those
 * that have to stay, as SQL.
 */
export async function isTruncatable(pool: Pool, table: TableName, standing: string): Promise<boolean> {
  const leaves = await leavesOf(pool, table);
  return leaves.length > 0 && leaves.every(({ may }) => may) && !(await stands(pool, table.sql, standing));
}

/**
 * Empties each table that holds no row that has to stay, in one short transaction, instead of deleting row by row: its
 * file is given back at once and there is nothing to vacuum. Nobody waits for it: where anyone has the table in use it is
 * left as it is. Under the lock no writer is under way, so what is seen then is all that there is. Yields how many rows
 * each has lost.
 */
export async function* truncateWhole(pool: Pool, table: TableName, standing: string): AsyncGenerator<number> {
  for (const { name, may } of await leavesOf(pool, table)) {
    // Neither look holds anyone up, and the lock is only asked for where they promise something.
    if (!may || (await stands(pool, name, standing))) continue;
    const rows = await unlessNotNow(() => pool.query<{ count: string }>(`select count(*) from only ${name}`));
    if (rows !== undefined && (await truncate(pool, name, standing))) yield Number(rows.rows[0]?.count ?? 0);
  }
}

/** Sent as one message, so that no lock waits for this process, whatever becomes of it. */
async function truncate(pool: Pool, leaf: string, standing: string): Promise<boolean> {
  const done = await inTransaction(
    pool,
    `do $do$ begin
       lock table only ${leaf} in access exclusive mode nowait;
       if exists(select from only ${leaf} where ${standing}) then
         raise exception 'rows of it have to stay' using errcode = '${STANDING}';
       end if;
       truncate table only ${leaf};
     end $do$`,
  );
  return done !== undefined;
}

/** Whether rows have to stay; true as well where that cannot be told in time. */
async function stands(pool: Pool, table: string, standing: string): Promise<boolean> {
  const told = await inTransaction(
    pool,
    `do $do$ begin
    if exists(select from ${table} where ${standing}) then
      raise exception 'rows of it have to stay' using errcode = '${STANDING}';
    end if;
  end $do$`,
  );
  return told === undefined;
}

/**
 * Does one statement in a short transaction; undefined where that cannot be done now. Whatever the role is set to, each
 * statement within it sees what was committed before it began: a look under a lock must not see what was before the lock.
 */
function inTransaction(pool: Pool, sql: string): Promise<true | undefined> {
  return unlessNotNow(async () => {
    const client = await pool.connect();
    let isWhole = false;
    try {
      await client.query(
        `begin isolation level read committed; set local statement_timeout = ${MOST_LOOK_MS}; ${sql}; commit`,
      );
      isWhole = true;
      return true as const;
    } catch (thrown) {
      isWhole = await rollback(client);
      throw thrown;
    } finally {
      client.release(!isWhole);
    }
  });
}

async function rollback(client: PoolClient): Promise<boolean> {
  return client.query('rollback').then(
    () => true,
    () => false,
  );
}

async function unlessNotNow<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    if (NOT_NOW.includes(foreignCode(thrown) ?? '')) return undefined;
    throw thrown;
  }
}

async function leavesOf(pool: Pool, table: TableName): Promise<Leaf[]> {
  const { rows } = await pool.query<Leaf>(LEAVES, [table.sql, LEAST_PAGES]);
  return rows;
}
