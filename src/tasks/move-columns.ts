import type { Pool } from 'pg';
import { RtnError } from '../error.js';
import type { TableName } from '../postgres/identifier.js';
import { quoted } from '../postgres/query-copy.js';

/** A column of the log: how it is read from Postgres, and what it is on YTsaurus. */
export interface MoveColumn {
  readonly name: string;
  readonly type: 'string' | 'int64' | 'boolean' | 'timestamp';
  readonly isRequired: boolean;
  /** The expression whose value COPY gives. */
  readonly sql: string;
}

/** Postgres types that are more than text on YTsaurus; all others go over as the text that Postgres writes. */
const TYPES: Readonly<Record<string, MoveColumn['type']>> = {
  smallint: 'int64',
  integer: 'int64',
  bigint: 'int64',
  boolean: 'boolean',
  'timestamp with time zone': 'timestamp',
};

/** What a value is read as, so that a column that was altered since still gives what is expected, or fails. */
const CASTS: Readonly<Record<MoveColumn['type'], string>> = {
  string: 'text',
  int64: 'bigint',
  boolean: 'boolean',
  timestamp: 'timestamptz',
};

/** Types whose text a cast gives as it is; that of others may differ from what is shown: `inet`, `character`. */
const TEXTS = ['text', 'character varying', 'name'];

/** What YTsaurus takes as a column's name. */
const MOST_NAME_BYTES = 256;

/** Belongs to Postgres alone: it says which rows a pass may take. */
const TRANSACTION = 'xid';

/**
 * The columns of the log, in order, as they are now. Read after the horizon was taken, they are all that rows below it
 * can have: a column is there before the first row that fills it. Throws `configuration` where the table is no send log.
 */
export async function readColumns(pool: Pool, table: TableName): Promise<MoveColumn[]> {
  const { rows } = await pool.query<{ name: string; type: string; required: boolean }>(
    `select attname as name, format_type(atttypid, null) as type, attnotnull as required
       from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum`,
    [table.sql],
  );
  const types = new Map(rows.map(({ name, type }) => [name, type]));
  if (types.get(TRANSACTION) !== 'xid8' || types.get('finished_at') !== 'timestamp with time zone')
    throw new RtnError(
      'configuration',
      `the table ${table.text} is no send log: expected the columns xid (xid8) and finished_at (timestamptz), got ${rows.map(({ name, type }) => `${name} (${type})`).join(', ')}`,
      { next: 'give the table that a log pg:TABLE writes' },
    );
  return rows.filter(({ name }) => name !== TRANSACTION).map((row) => columnOf(table, row));
}

function columnOf(
  table: TableName,
  { name, type: postgresType, required }: { name: string; type: string; required: boolean },
): MoveColumn {
  if (name.startsWith('@') || Buffer.byteLength(name) > MOST_NAME_BYTES)
    throw new RtnError(
      'configuration',
      `the column ${JSON.stringify(name)} of ${table.text} has a name that YTsaurus does not take`,
      { next: 'rename it: alter table … rename column' },
    );
  const type = TYPES[postgresType] ?? 'string';
  const isCast = type !== 'string' || TEXTS.includes(postgresType);
  const sql = isCast ? `${quoted(name)}::${CASTS[type]}` : textOf(quoted(name));
  return { name, type, isRequired: required, sql };
}

/** The text that Postgres shows for a value. A composite one of which a part is null is neither null nor `not null`. */
function textOf(column: string): string {
  return `case when ${column} is distinct from null then format('%s', ${column}) end`;
}
