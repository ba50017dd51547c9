import type { Pool } from 'pg';
import { RtnError } from '../error.js';
import { connectPostgres } from '../postgres/connect.js';
import { copyTo } from '../postgres/copy-to.js';
import { deletePages } from '../postgres/delete-pages.js';
import { type Grant, requireGrants } from '../postgres/grants.js';
import type { TableName } from '../postgres/identifier.js';
import { isTruncatable, truncateWhole } from '../postgres/truncate.js';
import { type MoveColumn, readColumns } from './move-columns.js';
import { isOfBatch, type MoveBatch, XID } from './move-plan.js';
import { SkiffRows } from './move-skiff.js';

/** Which log it is: two logs never go into one folder. */
export interface SourceIdentity {
  /** What initdb gave the cluster; replicas and backups share it. */
  readonly system: string;
  readonly database: string;
  /** With its schema. */
  readonly table: string;
}

/** A statement that has said nothing for so long is given up: a connection may be dead without a sign. */
const SILENCE_MS = 600_000;

/** More rows than that do not fit on a page of 8 KiB (MaxHeapTuplesPerPage of Postgres). */
const MOST_ROWS_A_PAGE = 291;

/** What the texts of values must not depend on. */
const SETTINGS = `set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';
  set local extra_float_digits = 1; set local bytea_output = 'hex'; set local client_encoding = 'UTF8';
  set local statement_timeout = 0`;

/** The send log in Postgres, as a pass reads and empties it. */
export class MoveSource {
  readonly pool: Pool;
  readonly table: TableName;
  readonly identity: SourceIdentity;
  /** Rises when a replica is promoted or a backup restored. */
  readonly timeline: number;

  private constructor(pool: Pool, table: TableName, identity: SourceIdentity, timeline: number) {
    this.pool = pool;
    this.table = table;
    this.identity = identity;
    this.timeline = timeline;
  }

  /**
   * Connects and looks whether the log is there and may be read and emptied. Throws `configuration` for a table that is
   * not there or a standby, `credentials` with the GRANT that is missing.
   */
  static async open(
    environment: Readonly<Record<string, string | undefined>>,
    table: TableName,
    { name, isReadOnly }: { readonly name: string; readonly isReadOnly: boolean },
  ): Promise<MoveSource> {
    const pool = await connectPostgres(environment, name, 'the log is moved from Postgres', SILENCE_MS);
    try {
      await requireUsage(pool, table);
      const found = await identityOf(pool, table);
      await requireRights(pool, table, isReadOnly ? ['select'] : ['select', 'delete']);
      await readColumns(pool, table);
      const { system, database, schema, timeline } = found;
      const identity = { system, database, table: `${schema}.${table.table}` };
      return new MoveSource(pool, table, identity, timeline);
    } catch (thrown) {
      await pool.end();
      throw thrown;
    }
  }

  close(): Promise<void> {
    return this.pool.end();
  }

  /**
   * The rows of one day of a batch in skiff, read as fast as they are taken. `counted` is called at the end with how
   * many there were.
   */
  async *rows(
    batch: MoveBatch,
    day: string,
    columns: readonly MoveColumn[],
    counted: (rows: number) => void,
  ): AsyncGenerator<Buffer> {
    const next = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
    const query = `select ${columns.map(({ sql }) => sql).join(', ')} from ${this.table.sql}
      where ${isOfBatch(batch)}
        and finished_at >= '${day} 00:00:00+00' and finished_at < '${next} 00:00:00+00'`;
    const client = await this.pool.connect();
    const ignore = () => {};
    client.on('error', ignore);
    let isDone = false;
    let watchdog: NodeJS.Timeout | undefined;
    try {
      await client.query(`begin read only; ${SETTINGS}`);
      const source = await copyTo(client, `copy (${query}) to stdout (format binary)`);
      watchdog = setTimeout(() => source.destroy(new Error('Query read timeout')), SILENCE_MS);
      const rows = new SkiffRows(columns);
      for await (const chunk of source as AsyncIterable<Buffer>) {
        watchdog.refresh();
        const piece = rows.push(chunk);
        if (piece !== undefined) yield piece;
      }
      const last = rows.end();
      if (last !== undefined) yield last;
      await client.query('commit');
      counted(rows.rows);
      isDone = true;
    } finally {
      clearTimeout(watchdog);
      if (isDone) client.off('error', ignore);
      client.release(!isDone);
    }
  }

  /** Deletes the rows with from <= xid < to, in transactions of about `batchRows` rows; yields what each has deleted. */
  delete(from: bigint, to: bigint, batchRows: number): AsyncGenerator<number> {
    return deletePages(this.pool, this.table, {
      // No index helps where pages are gone through: so in the type of the column, which is quicker.
      where: 'xid >= $3::xid8 and xid < $4::xid8',
      values: [String(from), String(to)],
      pages: Math.max(1, Math.floor(batchRows / MOST_ROWS_A_PAGE)),
      leastPages: 1,
      rows: batchRows,
    });
  }

  /** Whether `truncate` could empty all of the log now, once the rows with from <= xid < to have been moved. */
  isTruncatable(from: bigint, to: bigint): Promise<boolean> {
    return isTruncatable(this.pool, this.table, isNotWithin(from, to));
  }

  /**
   * Empties at once what holds nothing but rows with from <= xid < to: the log, or partitions of it; yields how many each
   * had.
   */
  truncate(from: bigint, to: bigint): AsyncGenerator<number> {
    return truncateWhole(this.pool, this.table, isNotWithin(from, to));
  }

  /** How many rows have from <= xid < to. */
  async count(from: bigint, to: bigint): Promise<number> {
    const { rows } = await this.pool.query<{ count: string }>(
      `select count(*) from ${this.table.sql} where ${XID} >= $1 and ${XID} < $2`,
      [from, to],
    );
    return Number(rows[0]?.count ?? 0);
  }
}

/** What `delete` would leave, as SQL: each part by the index. */
function isNotWithin(from: bigint, to: bigint): string {
  return `${XID} >= ${to} or ${XID} < ${from} or ${XID} is null`;
}

interface FoundTable {
  readonly system: string;
  readonly timeline: number;
  readonly database: string;
  readonly schema: string | null;
  readonly standby: boolean;
}

async function identityOf(pool: Pool, table: TableName): Promise<FoundTable & { readonly schema: string }> {
  const { rows } = await pool.query<FoundTable>(
    `select system_identifier::text as system, (select timeline_id from pg_control_checkpoint()) as timeline,
            current_database() as database, pg_is_in_recovery() as standby,
            (select relnamespace::regnamespace::text from pg_class where oid = to_regclass($1)) as schema
       from pg_control_system()`,
    [table.sql],
  );
  const [found] = rows;
  if (found?.standby === true)
    throw new RtnError('configuration', 'DATABASE_URL is a standby: nothing can be deleted there', {
      next: 'set DATABASE_URL to the primary',
    });
  if (found === undefined || found.schema === null)
    throw new RtnError('configuration', `the database of DATABASE_URL has no table ${table.text}`, {
      next: 'check DATABASE_URL, and the location of the log: pg:TABLE',
    });
  return { ...found, schema: found.schema };
}

/** A schema that is missing is left to the statement that meets it. */
async function requireUsage(pool: Pool, { schema, text }: TableName): Promise<void> {
  if (schema === undefined) return;
  const { rows } = await pool.query('select to_regnamespace($1) is not null as exists', [schema]);
  if (rows[0]?.exists !== true) return;
  await requireGrant(pool, text, { on: 'schema', name: schema, privileges: ['usage'] });
}

function requireRights(pool: Pool, { text }: TableName, privileges: readonly string[]): Promise<void> {
  return requireGrant(pool, text, { on: 'table', name: text, privileges });
}

async function requireGrant(pool: Pool, table: string, grant: Grant): Promise<void> {
  const client = await pool.connect();
  try {
    await requireGrants(client, `the log table ${table} cannot be moved`, [grant]);
  } finally {
    client.release();
  }
}
