import { RtnError } from '../error.js';

/** A table's name as it may stand in SQL: each part quoted. */
export interface TableName {
  readonly sql: string;
  /** undefined where the search path decides. */
  readonly schema: string | undefined;
  /** The bare last part, for names derived from it. */
  readonly table: string;
  readonly text: string;
}

/** Reads `table` or `schema.table`: letters, digits and underscores only, as Postgres stores unquoted names. */
export function parseTableName(text: string): TableName {
  const parts = text.split('.');
  if (parts.length > 2 || !parts.every((part) => /^[a-z_][a-z0-9_]{0,62}$/.test(part))) {
    const expected =
      'expected table or schema.table in lower-case letters, digits and underscores, at most 63 each';
    throw new RtnError('usage', `'${text}' is no name for a log table: ${expected}`);
  }
  const schema = parts.length === 2 ? parts[0] : undefined;
  return { sql: parts.map((part) => `"${part}"`).join('.'), schema, table: parts.at(-1) ?? text, text };
}
