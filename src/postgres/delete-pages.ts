import type { Pool } from 'pg';
import type { TableName } from './identifier.js';

/** How many tables hold the rows (the table itself, or its partitions), and the pages of the largest. */
interface Extent {
  readonly leaves: number;
  readonly pages: number;
}

export interface PageDelete {
  /** Which rows go, as SQL whose first parameter is $3. */
  readonly where: string;
  readonly values: readonly unknown[];
  /** Pages that one transaction goes through, of all partitions together; of each at least `leastPages`. */
  readonly pages: number;
  readonly leastPages: number;
}

/**
 * Deletes rows by page ranges, each a transaction of its own, so that one pass over the table is enough, no transaction
 * is long and others go on writing. A range is of all partitions at once: rights are on the table, not on those. Yields
 * how many rows each range has lost; whoever stops asking stops it between two.
 */
export async function* deletePages(
  pool: Pool,
  table: TableName,
  { where, values, pages, leastPages }: PageDelete,
): AsyncGenerator<number> {
  const extent = await extentOf(pool, table);
  const piece = Math.max(leastPages, Math.floor(pages / extent.leaves));
  for (let page = 0; page < extent.pages; page += piece) {
    const { rowCount } = await pool.query(
      `delete from ${table.sql} where ctid >= $1::tid and ctid < $2::tid and ${where}`,
      [`(${page},0)`, `(${page + piece},0)`, ...values],
    );
    yield rowCount ?? 0;
  }
}

async function extentOf(pool: Pool, table: TableName): Promise<Extent> {
  const { rows } = await pool.query<{ leaves: number; pages: string }>(
    `select greatest(count(*), 1)::int as leaves,
            coalesce(max(pg_relation_size(c.oid)), 0) / current_setting('block_size')::bigint as pages
       from (select $1::regclass as oid union select relid from pg_partition_tree($1::regclass) where isleaf) leaf
       join pg_class c on c.oid = leaf.oid and c.relkind = 'r'`,
    [table.sql],
  );
  return { leaves: rows[0]?.leaves ?? 1, pages: Number(rows[0]?.pages ?? 0) };
}
